from blockfilter.resolve.upstream.health import PROBE_CAP, PROBE_FIRST, Health


def down(now=0.0) -> Health:
    health = Health()
    health.failed(now, now)
    health.failed(now, now)
    return health


def test_an_upstream_is_up_until_two_failures_in_a_row():
    health = Health()
    assert health.up
    assert not health.failed(0.0, 0.4)
    assert health.up
    assert health.failed(0.5, 0.9)
    assert not health.up


def test_an_answer_between_two_failures_starts_the_count_again():
    health = Health()
    health.failed(0.0, 0.4)
    health.answered(0.5, 0.6)
    health.failed(0.7, 1.1)
    assert health.up


def test_failures_of_queries_sent_before_the_last_failure_are_no_further_evidence():
    health = Health()
    for sent in range(10):
        health.failed(sent / 100, 0.4 + sent / 100)
    assert health.up
    health.failed(0.5, 0.9)
    assert not health.up


def test_silence_to_some_queries_is_no_evidence_while_others_are_answered():
    health = Health()
    health.answered(0.5, 0.6)
    health.failed(0.5, 0.9)  # sent before something was heard: the name is slow
    health.failed(1.0, 1.4)
    assert health.up
    health.failed(1.5, 1.9)
    assert not health.up


def test_becoming_down_and_becoming_up_are_told_once():
    health = Health()
    told = [health.failed(second, second) for second in range(5)]
    assert told == [False, True, False, False, False]
    assert [health.answered(6.0, 6.1), health.answered(7.0, 7.1)] == [True, False]
    assert health.up


def test_probes_begin_after_a_second_and_back_off_to_ten():
    health = down(100.0)
    assert health.probe_at == 100.0 + PROBE_FIRST
    pauses = []
    for _ in range(6):
        now = health.probe_at
        health.probed(now)
        pauses.append(health.probe_at - now)
    assert pauses == [2.0, 4.0, 8.0, PROBE_CAP, PROBE_CAP, PROBE_CAP]


def test_a_new_outage_begins_with_a_short_pause_again():
    health = down()
    for _ in range(5):
        health.probed(health.probe_at)
    health.answered(60.0, 60.1)
    health.failed(70.0, 70.0)
    health.failed(70.0, 70.0)
    assert health.probe_at == 70.0 + PROBE_FIRST


def test_the_round_trip_time_is_smoothed():
    health = Health()
    health.answered(0.0, 0.1)
    assert health.srtt == 0.1
    health.answered(0.1, 0.3)
    assert abs(health.srtt - 0.1125) < 1e-9


def test_a_response_after_a_long_silence_weighs_more():
    health = Health()
    health.answered(0.0, 0.1)
    health.answered(5.0, 5.02)
    assert abs(health.srtt - 0.06) < 1e-9


def test_a_failure_makes_an_upstream_look_slower_and_an_outage_makes_it_new():
    health = Health()
    health.answered(0.0, 0.1)
    health.failed(1.0, 1.4)
    assert health.srtt == 0.2
    health.failed(2.0, 2.4)
    health.answered(3.0, 3.05)
    assert abs(health.srtt - 0.05) < 1e-9


def test_edns_is_left_out_for_some_minutes_and_then_tried_again():
    health = Health()
    assert not health.plain(0.0)
    health.refused_edns(10.0)
    assert health.plain(10.0)
    assert health.plain(309.0)
    assert not health.plain(310.0)
