"""An entry says what has happened, in figures; what is planned is none."""

from datetime import date

import pytest

from blockfilter.errors import RefusedError
from blockfilter.programme.activity import CHANNELS, TOPICS, Kind, kind_of, made, words
from tests.programme.records import TODAY, entry


def test_the_closed_lists_are_the_guides():
    assert set(CHANNELS[Kind.INFORMED]) == {
        *("e-mail-notice", "web-notice", "verbal-notice", "handbook", "staff-meeting"),
        *("annual-compliance-training", "other"),
    }
    assert set(CHANNELS[Kind.TRAINED]) == {
        *("all-staff", "new-hires", "human-resources", "supervisors", "exposed-staff"),
    }
    assert set(TOPICS) == {"recognise", "respond"}
    assert set(CHANNELS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "channel", "found"),
    [
        (Kind.INFORMED, "", "other"),
        (Kind.INFORMED, "Staff meeting", "staff-meeting"),
        (Kind.TRAINED, "", "all-staff"),
        (Kind.TRAINED, "new hires", "new-hires"),
        (Kind.EVENT, "", "special-event"),
    ],
)
def test_a_channel_is_found_as_people_write_it(kind, channel, found):
    assert entry(kind, channel=channel).channel == found


def test_a_channel_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="no audience of a training; write one of all-staff, "):
        entry(Kind.TRAINED, channel="handbook")
    with pytest.raises(ValueError, match="no channel of what is informed"):
        entry(Kind.INFORMED, channel="supervisors")


def test_one_day_is_a_span_that_ends_as_it_begins():
    found = entry(first=date(2026, 3, 2))
    assert (found.first, found.last) == (date(2026, 3, 2), date(2026, 3, 2))


def test_today_has_happened_and_tomorrow_is_planned():
    assert entry(first=TODAY).last == TODAY
    for first, last in ((date(2026, 11, 21), None), (TODAY, date(2026, 11, 21))):
        with pytest.raises(RefusedError, match="what is planned is not recorded"):
            entry(first=first, last=last)


def test_a_span_has_its_end_after_its_beginning_and_is_a_year_at_most():
    with pytest.raises(ValueError, match="swap the dates"):
        entry(first=date(2026, 3, 2), last=date(2026, 3, 1))
    entry(first=date(2025, 3, 2), last=date(2026, 3, 3))
    with pytest.raises(ValueError, match="record each year apart"):
        entry(first=date(2025, 3, 2), last=date(2026, 3, 4))


def test_topics_belong_to_trainings_and_are_a_set():
    given = ["Respond", "recognise", "respond"]
    assert entry(Kind.TRAINED, topics=given).topics == ("recognise", "respond")
    with pytest.raises(ValueError, match="belong to a training"):
        entry(Kind.EVENT, topics=["respond"])
    with pytest.raises(ValueError, match="is no topic"):
        entry(Kind.TRAINED, topics=["law"])


def test_all_offices_are_no_office():
    assert entry(office="all").office == ""
    assert entry(office="berlin").office == "berlin"


def test_a_kind_is_found_as_people_write_it():
    assert [kind_of(text) for text in ("informed", "TRAINED", "ev")] == list(Kind)
    with pytest.raises(ValueError, match="write one of informed, trained, event"):
        kind_of("taught")


def test_an_entry_in_words_says_everything():
    said = words(
        made(
            kind=Kind.TRAINED,
            people=40,
            first=date(2026, 3, 2),
            last=date(2026, 3, 6),
            channel="supervisors",
            office="berlin",
            topics=["recognise", "respond"],
            distinct=True,
            source="sheet",
            note="two mornings",
            today=TODAY,
        )
    )
    assert said == (
        "2026-03-02 to 2026-03-06  about 40 trained, supervisors: recognise and respond, "
        "office berlin, distinct, source: sheet, two mornings"
    )
    assert words(entry(people=7)) == "2026-03-02  about 7 informed, other"
