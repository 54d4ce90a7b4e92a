"""`blockfilter programme init|show|headcount|office`: who there is, since when, and who agreed."""

import json
import stat

import pytest

from tests.cli.employer import BEGUN, today, tomorrow

NET = "10.1.0.0/16"
BERLIN = ("berlin", "--name", "Berlin", "--prefix", NET, "--headcount", "300")
CONFIRM = "blockfilter programme office confirm berlin --as NAME"
QUARTER = "with the next quarter, "


def test_it_is_begun_in_the_state_directory_of_serve(stranger):
    lines = stranger.lines("init", *BEGUN)
    assert lines[0] == "begun by ada: Example Corp: headcount 1200"
    assert lines[1] == f"file: {stranger.state / 'programme.db'}"
    assert lines[2].startswith("next: blockfilter programme ")
    assert stat.S_IMODE((stranger.state / "programme.db").stat().st_mode) == 0o640


@pytest.mark.parametrize("way", ["option", "environment", "configuration", "systemd"])
def test_the_state_directory_may_be_said(stranger, way):
    place = stranger.home / "elsewhere"
    config = stranger.home / "x.toml"
    config.write_text(f'[server]\nstate = "{place}"\n')
    words, env = {
        "option": (["--state", place], {}),
        "environment": ([], {"BLOCKFILTER_SERVER__STATE": str(place)}),
        "configuration": (["--config", config], {}),
        "systemd": ([], {"STATE_DIRECTORY": str(place)}),
    }[way]
    stranger("init", *BEGUN, *words, env=env)
    assert (place / "programme.db").exists()
    assert stranger.lines("show", *words, env=env)[0] == "Example Corp: headcount 1200"
    assert not stranger.state.exists()


def test_facts_of_the_beginning(stranger):
    facts = stranger.facts("init", *BEGUN, "--time-zone", "Europe/Berlin")
    assert facts["by"] == "ada"
    found = facts["organisation"]
    assert (found["name"], found["time_zone"], found["heads"]) == (
        *("Example Corp", "Europe/Berlin"),
        1200,
    )
    (heads,) = found["headcounts"]
    assert (heads["date"], heads["heads"], heads["confirmed_by"]) == ("2026-01-01", 1200, "ada")


def test_the_headcount_may_come_later_and_holds_from_today(stranger):
    stranger("init", "--name", "Example Corp")
    assert stranger.lines("show")[0] == "Example Corp: headcount not known"
    said = stranger.lines("headcount", "set", "--people", 40)
    assert said == [f"set by ada: the organisation has 40 people from {today()} on"]
    assert stranger.lines("show")[0] == "Example Corp: headcount 40"


def test_it_begins_once(employer):
    told = employer.refusal("init", *BEGUN, code=3)
    assert told.endswith("is begun already, for Example Corp; see  blockfilter programme show")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--headcount", "5"], 2, "Missing option '--name'"),
        (["--name", " "], 2, "says nothing"),
        (["--name", "x", "--headcount", "0"], 2, "from 1 to 10000000"),
        (["--name", "x", "--headcount", "1.200"], 2, "digits only"),
        (["--name", "x", "--date", "01.01.2026"], 2, "like 2026-11-20"),
        (["--name", "x", "--time-zone", "Mars"], 2, "is no time zone known here"),
        (["--name", "x", "--as", "Ada L."], 2, "no name of a-z"),
        (["--name", "x", "--headcount", "5", "--date", str(tomorrow())], 3, "is planned"),
    ],
)
def test_what_is_wrong_begins_nothing(stranger, words, code, said):
    assert said in stranger.refusal("init", *words, code=code)
    assert "programme" in stranger.refusal("show", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["activities"],
        ["office", "list"],
        ["export"],
        ["assess"],
        ["notice", "--template", "poster"],
        ["headcount", "set", "--people", "5"],
        ["office", "add", "berlin"],
        ["record", "--kind", "event", "--people", "5", "--date", "2026-03-02"],
        ["assess", "--answer", "policies-1=yes"],
    ],
)
def test_where_nothing_is_begun_every_command_says_how(stranger, words):
    told = stranger.refusal(*words, code=1)
    assert "programme.db: is not there; begin with  blockfilter programme init" in told
    assert not stranger.state.exists()


def test_without_a_name_it_is_the_login_name(stranger):
    stranger("init", *BEGUN, env={"BLOCKFILTER_MAINTAINER": None})
    (heads,) = stranger.facts("show")["organisation"]["headcounts"]
    assert heads["recorded"]["by"]
    assert heads["recorded"]["by"] != "ada"


def test_show_says_how_it_stands(employer):
    day = today()
    for people, when in ((300, "2026-01-10"), (100, day)):
        employer("record", "--kind", "informed", "--people", people, "--date", when)
    employer("record", "--kind", "trained", "--people", 60, "--date", day, "--distinct")
    employer("record", "--kind", "event", "--people", 9, "--date", day)
    employer("correct", "a4", "--retract", "--reason", "twice")
    employer("assess", "--answer", "policies-1=yes")
    lines = employer.lines("show")
    assert lines[:2] == ["Example Corp: headcount 1200", "offices: none"]
    assert lines[2].endswith(" up to today:")
    assert lines[3:] == [
        "  informed: 100 attendances (at most 8 % of 1200), 1 record",
        "  trained: 60 people (5 % of 1200), 1 record",
        "  at special events: nobody",
        "so far:",
        "  informed: 400 attendances (at most 33 % of 1200), 2 records",
        "  trained: 60 people (5 % of 1200), 1 record",
        "  at special events: nobody",
        "practices: 1 of 35 in place, score 3 of 100",
        "taken back: 1",
    ]
    facts = employer.facts("show")
    assert facts["schema"] == "blockfilter.programme/1"
    informed = facts["cumulative"][0]
    assert informed == {
        "kind": "informed",
        "people": 400,
        "records": 2,
        "counted": "attendances",
        "heads": 1200,
        "share": 0.3333,
        "channels": {"other": 400},
    }
    assert facts["cumulative"][1]["counted"] == "people"
    assert facts["practices"][-1]["yes"] == 1


class TestOffices:
    """Who is told apart in the counts, and who agreed."""

    def test_before_counting_begins_they_need_nobody_else(self, employer):
        lines = employer.lines("office", "add", *BERLIN)
        assert lines[0] == f"added by ada: berlin  Berlin  300 people  {NET}  since {today()}"
        assert lines[1] == "the counts tell it apart when counting begins"
        assert employer.facts("show")["waiting"] == []

    def test_once_it_has_begun_they_wait_for_a_second_person(self, employer):
        employer.counting_begins()
        first, second = employer.lines("office", "add", *BERLIN)
        assert first.endswith("waits for a second person")
        assert 'its clients count under "other offices"' in second
        assert second.endswith(CONFIRM)
        assert employer.lines("show")[-1] == f"waits: office berlin, added by ada: {CONFIRM}"
        assert employer.refusal("office", "confirm", "berlin", code=3).endswith(CONFIRM)
        first, second = employer.lines("office", "confirm", "berlin", who="ben")
        assert first.startswith("confirmed by ben: berlin  Berlin")
        assert second.startswith(f"the counts tell it apart {QUARTER}")
        assert employer.facts("office", "list")["offices"][0]["confirmed_by"] == "ben"
        assert "waits" not in employer("show").stdout

    def test_one_that_is_retired_is_counted_with_others_from_the_next_quarter_on(self, employer):
        employer("office", "add", *BERLIN, "--opened", "2026-01-01")
        lines = employer.lines("office", "retire", "berlin", "--date", "2026-06-30")
        assert lines[0].endswith("since 2026-01-01  retired 2026-06-30")
        assert lines[1].startswith(f'its clients count under "other offices" {QUARTER}')
        assert employer.lines("office", "list")[0].endswith("retired 2026-06-30")
        assert "offices: none" in employer.lines("show")
        assert "retired since" in employer.refusal("office", "retire", "berlin", code=3)

    def test_one_without_a_prefix_is_not_told_apart(self, employer):
        lines = employer.lines("office", "add", "online")
        assert "headcount not known  no prefix" in lines[0]
        assert lines[1] == "it has no prefix, so the counts do not tell it apart"

    def test_facts_of_one(self, employer):
        prefixes = ("--prefix", NET, "--prefix", "2001:DB8::/32")
        facts = employer.facts("office", "add", "hq", *prefixes, "--time-zone", "Europe/Paris")
        found = facts["office"]
        assert found["prefixes"] == [NET, "2001:db8::/32"]
        assert (found["id"], found["name"], found["heads"]) == ("hq", "hq", None)
        assert (found["time_zone"], found["retired"]) == ("Europe/Paris", None)

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (
                ["b", "--prefix", "10.1.9.0/24"],
                3,
                f'shares addresses with {NET} of office "berlin"',
            ),
            (["berlin"], 3, 'there is an office "berlin" already'),
            (["b", "--opened", str(tomorrow())], 3, "is planned"),
            (["b", "--prefix", "10.1.2.3/16"], 2, f"write {NET}"),
            (["b", "--prefix", "paris"], 2, "is no network"),
            (["Paris"], 2, "is no id"),
            (["elsewhere"], 2, "is reserved"),
            (["other offices"], 2, "is reserved"),
            (["b", "--headcount", "none"], 2, "digits only"),
            ([], 2, "Missing argument 'ID'"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, employer, words, code, said):
        employer("office", "add", *BERLIN)
        assert said in employer.refusal("office", "add", *words, code=code)
        assert len(employer.facts("office", "list")["offices"]) == 1

    def test_one_that_is_not_there_is_told(self, employer):
        assert employer.lines("office", "list") == ["no offices"]
        for words in (["office", "confirm", "x"], ["office", "retire", "x"]):
            assert 'no office "x"' in employer.refusal(*words, code=1)


class TestHeadcounts:
    """They decide how much is published."""

    def test_a_raised_one_serves_at_once_and_counts_when_another_says_the_same(self, employer):
        employer.counting_begins()
        command = ("headcount", "set", "--people", "5000", "--date", "2026-06-01")
        first, second = employer.lines(*command)
        assert first == "set by ada: the organisation has 5000 people from 2026-06-01 on"
        asked = "headcount set --people 5000 --date 2026-06-01"
        assert second.endswith(f"blockfilter programme {asked}")
        lines = employer.lines("show")
        assert lines[0] == "Example Corp: headcount 5000"
        assert lines[-1].startswith("waits: headcount 5000 since 2026-06-01, by ada: ")
        assert "another person confirms it" in employer.refusal(*command, code=3)
        first, second = employer.lines(*command, who="ben")
        assert first == "confirmed by ben: the organisation has 5000 people from 2026-06-01 on"
        assert second.startswith(f"the counts take it {QUARTER}")

    def test_an_offices_is_confirmed_with_the_office(self, employer):
        employer("office", "add", *BERLIN)
        employer.counting_begins()
        employer("headcount", "set", "--people", 400, "--office", "berlin")
        assert employer.lines("office", "list")[0].endswith("a headcount waits for a second person")
        assert employer.lines("show")[-1] == f"waits: a headcount of office berlin: {CONFIRM}"
        employer("office", "confirm", "berlin", who="ben")
        assert employer.facts("office", "list")["offices"][0]["heads"] == 400

    def test_facts_of_one(self, employer):
        employer("office", "add", *BERLIN)
        facts = employer.facts("headcount", "set", "--people", 310, "--office", "berlin")
        assert (facts["office"], facts["heads"], facts["confirmed_by"]) == ("berlin", 310, "ada")

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["--people", "0"], 2, "from 1 to"),
            ([], 2, "Missing option '--people'"),
            (["--people", "5", "--office", "x"], 1, 'no office "x"'),
            (["--people", "5", "--date", str(tomorrow())], 3, "is planned"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, employer, words, code, said):
        assert said in employer.refusal("headcount", "set", *words, code=code)


def test_the_organisations_zone_says_what_day_it_is(stranger):
    stranger("init", "--name", "Here", "--time-zone", "Pacific/Kiritimati", "--state", "here")
    stranger("headcount", "set", "--people", 5, "--state", "here")
    far = json.loads(stranger("show", "--state", "here", "--json").stdout)
    (heads,) = far["organisation"]["headcounts"]
    stranger("init", "--name", "There", "--time-zone", "Etc/GMT+12", "--state", "there")
    told = stranger.refusal(
        *("headcount", "set", "--people", 5, "--date", heads["date"], "--state", "there"), code=3
    )
    assert "what is planned is not recorded" in told  # 26 hours lie between these zones


@pytest.mark.parametrize("words", [["show"], ["office", "list"], ["export"]])
def test_a_state_that_cannot_be_read_is_told(stranger, words):
    state = stranger.home / ("long" * 100)  # an error that root has, too
    ended = stranger(*words, "--state", state, code=1)
    assert (
        "programme.db: cannot be opened (File name too long); run this as its own" in ended.stderr
    )
    assert ended.stderr.count("\n") == 1
