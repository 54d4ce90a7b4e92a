"""Looks at listed names: what is asked and what not, what weeks of it find, and what a failure costs."""

import asyncio
from datetime import date, timedelta

import pytest

from blockfilter.catalog import looks, verify
from blockfilter.catalog.alive import LOOK_DAYS, SILENT, Summary, look
from blockfilter.catalog.life import Past, Sign
from blockfilter.catalog.site import State
from blockfilter.errors import StateError, UpstreamError
from tests.catalog.looking import HERE, Looking
from tests.catalog.resolvers import Asking
from tests.catalogs import WIDE
from tests.nameserver import Nameserver

ROOT = (".", "NS")


@pytest.fixture
def looking(tmp_path):
    return Looking(tmp_path / "catalogue", "ads.example")


# What is asked.


def test_a_name_is_asked_for_its_addresses_and_its_domain_for_its_servers(looking):
    assert looking.look() == Summary(
        names=1, looked=1, recent=0, unanswered=0, unnamed=0, findings=0, proposed=()
    )
    assert looking.resolver.asked == [ROOT, ("ads.example", "A"), ("ads.example", "NS")]
    assert looking.past("ads.example") == Past(
        "2026-11-23T09:17:05Z", ("ns1.host.example", "ns2.host.example")
    )


def test_aaaa_is_asked_only_where_there_is_no_a(looking):
    looking.resolver.records["ads.example"] = ["AAAA 2001:db8::1", "NS ns1.host.example."]
    looking.look()
    assert looking.resolver.names("AAAA") == ["ads.example"]
    assert not looking.past("ads.example").seen


def test_a_domain_is_asked_for_once_a_run(tmp_path):
    names = ("ads.example", "shop.test", "www.ads.co.uk", "m.ads.co.uk")
    looking = Looking(tmp_path / "catalogue", *names)
    looking.site("Other", exact=["www.ads.example", "a.b.ads.co.uk"])
    more = ("www.ads.example", "a.b.ads.co.uk", "ads.co.uk")
    looking.resolver.records |= {name: list(HERE) for name in more}
    assert looking.look().looked == 6
    assert looking.resolver.names("A") == [*names, "www.ads.example", "a.b.ads.co.uk"]
    assert looking.resolver.names("NS") == [".", "ads.example", "shop.test", "ads.co.uk"]


def test_what_has_no_name_of_its_own_is_not_asked_for(tmp_path):
    looking = Looking(tmp_path / "catalogue")
    looking.site("Ads", site_names=["adsite"], patterns=[r"^ads[0-9]+\.example$"])
    assert looking.look() == Summary(0, 0, 0, 0, unnamed=2, findings=0, proposed=())
    assert looking.resolver.asked == []


def test_dossiers_that_are_not_in_force_are_left_alone(looking):
    catalogue = looking.catalogue
    catalogue.site("Proposed", ["proposed.example"], approved=False)
    catalogue.site("Approved", ["approved.example"])
    for what in ("retire", "reject", "dispute"):
        catalogue.move(catalogue.site(what, [f"{what}.example"]), what)
    looking.site("Over", ["over.example"], expires=date(2026, 11, 23))
    edited = looking.site("Edited", ["edited.example"])
    catalogue.keeper().edit(edited, {"names": ["edited.example", "more.example"]}, "more")
    assert looking.look().names == 4
    assert looking.resolver.names("A") == [
        *("dispute.example", "edited.example", "more.example", "ads.example")
    ]


def test_what_was_looked_at_within_six_days_is_left_out(looking):
    looking.look()
    looking.catalogue.passes(days=LOOK_DAYS, seconds=-1)
    assert looking.look() == Summary(1, 0, 1, 0, 0, 0, ())
    assert len(looking.resolver.asked) == 3  # not even the root's servers
    looking.catalogue.passes(seconds=1)
    assert looking.look().looked == 1
    looking.catalogue.passes(days=-30)  # a clock that was wrong
    assert looking.look().looked == 1


def test_a_pause_comes_before_each_question(looking):
    looking.look(pace=0.03)
    first, *more = looking.resolver.at
    assert len(more) == 2
    assert all(b - a >= 0.03 for a, b in zip([first, *more], more, strict=False))


def test_progress_is_told_by_the_name(tmp_path):
    told = []
    looking = Looking(tmp_path / "catalogue", "a.example", "b.example")
    looking.look(progress=lambda *how: told.append(how))
    assert told == [("looking", 1, 2), ("looking", 2, 2)]


# What weeks of it find.


@pytest.mark.parametrize(
    ("records", "sign", "words"),
    [
        (None, Sign.GONE, "ads.example has not existed for weeks (3 looks since 2026-11-30)"),
        (["TXT x", *HERE[1:]], Sign.EMPTY, "ads.example has had no address for weeks (3 looks"),
        (
            ["CNAME nowhere.example."],
            Sign.EMPTY,
            "ads.example has had no address for weeks (3 looks",
        ),
        (
            ["A 192.0.2.1", "NS ns.sold.example."],
            Sign.SERVERS,
            (
                "ads.example has had other name servers for weeks, which may mean another owner: "
                "ns.sold.example (3 looks"
            ),
        ),
        (
            ["CNAME d1.cloudfront.net."],
            Sign.ALIAS,
            (
                "ads.example has led to another site for weeks: d1.cloudfront.net, which is well known "
                "or belongs to cloudfront.net (3 looks"
            ),
        ),
    ],
)
def test_what_is_seen_for_weeks_is_found_and_a_recovery_clears_it(looking, records, sign, words):
    looking.resolver.records["d1.cloudfront.net"] = ["A 192.0.2.7"]
    looking.look()
    if records is None:
        del looking.resolver.records["ads.example"]
    else:
        looking.resolver.records["ads.example"] = records
    assert looking.weeks(2).findings == 0
    assert looking.found() == []
    assert list(looking.past("ads.example").seen) == [sign]
    assert looking.weeks(1).findings == 1
    (sentence,) = looking.found()
    assert sentence.startswith(f"listed-site: {words}")
    looking.resolver.records["ads.example"] = list(HERE)
    assert looking.weeks(1).findings == 0
    assert looking.found() == []
    assert looking.past("ads.example").seen == {}
    assert looking.entry().state is State.ACTIVE
    assert [what for _, what, _ in looking.lines()] == ["propose", "approve", "activate"]


def test_nothing_is_ever_removed_by_looks(tmp_path):
    looking = Looking(tmp_path / "catalogue", "ads.example", "more.example")
    before = looking.entry()
    looking.resolver.records.clear()
    assert looking.weeks(20).findings == 1
    assert looking.entry() == before
    assert looking.entry().state is State.ACTIVE
    assert {by for by, _, _ in looking.lines()} == {"ada", "ben"}


def test_what_was_known_outlives_the_wait_for_a_release(looking):
    looking.look()
    looking.catalogue.keeper().edit("listed-site", {"names": ["ads.example", "b.test"]}, "more")
    looking.catalogue.move("listed-site", "approve")
    looking.catalogue.passes(days=7)
    assert looking.look().names == 0
    looking.catalogue.move("listed-site", "activate")
    assert looking.look().names == 2
    assert looking.past("ads.example").servers == ("ns1.host.example", "ns2.host.example")


def test_an_alias_within_the_same_domain_is_no_sign(looking):
    records = looking.resolver.records
    records["ads.example"] = ["CNAME www.ads.example."]
    records["www.ads.example"] = ["A 192.0.2.1"]
    assert looking.weeks(4).findings == 0
    assert not looking.past("ads.example").seen


def test_it_is_the_first_other_domain_that_an_alias_leads_to(looking):
    records = looking.resolver.records
    records["ads.example"] = ["CNAME www.ads.example."]
    records["www.ads.example"] = ["CNAME new.test."]
    records["new.test"] = ["CNAME d1.cloudfront.net."]
    records["d1.cloudfront.net"] = ["A 192.0.2.7"]
    looking.look()
    assert looking.past("ads.example").seen[Sign.ALIAS].how == "new.test"


def test_a_person_who_looked_has_judged_and_what_changes_later_is_told_again(looking):
    looking.look()
    looking.resolver.records["ads.example"] = ["A 192.0.2.1", "NS ns.sold.example."]
    assert looking.weeks(3).findings == 1
    looking.catalogue.passes(days=1)
    looking.catalogue.keeper().edit("listed-site", {"review": "2027-06-01"}, "the same business")
    assert looking.found() == []
    assert looking.weeks(5).findings == 0
    assert looking.past("ads.example").servers == ("ns.sold.example",)
    looking.resolver.records["ads.example"] = list(HERE)
    assert looking.weeks(3).findings == 1


def test_one_sign_of_several_names_is_one_finding(tmp_path):
    names = [f"{letter}.example" for letter in "abcde"]
    looking = Looking(tmp_path / "catalogue", *names)
    looking.resolver.records = {"e.example": list(HERE)}
    assert looking.weeks(3).findings == 1
    (item,) = [one for one in looking.queue() if one.kind == "life"]
    assert item.sentence.startswith("listed-site: a.example, b.example, c.example and 1 more have")
    assert item.command == (
        "blockfilter list edit listed-site --remove a.example --remove b.example --remove c.example "
        f"--remove d.example --catalog {looking.path}"
    )


# What says nothing.


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"])
def test_a_failure_says_nothing_of_the_name(looking, rcode):
    looking.resolver.records.clear()
    looking.weeks(2)
    before = looking.past("ads.example")
    looking.resolver.rcodes["ads.example"] = rcode
    summary = looking.weeks(3)
    assert (summary.looked, summary.unanswered) == (0, 1)
    assert looking.past("ads.example") == before
    looking.catalogue.passes(hours=1)
    del looking.resolver.rcodes["ads.example"]
    assert looking.look().findings == 1  # it is asked for again at once, and was gone before


@pytest.mark.parametrize("code", [3, 4, 15, 16, 17, 18, 19])
def test_an_upstream_that_answers_by_a_list_of_its_own_says_nothing(looking, code):
    looking.resolver.records.clear()
    looking.resolver.errors["ads.example"] = code
    summary = looking.weeks(4)
    assert (summary.unanswered, summary.findings) == (1, 0)
    assert looking.past("ads.example") == Past()


@pytest.mark.parametrize("code", [0, 6, 22, 23])
def test_other_words_of_an_upstream_change_nothing(looking, code):
    looking.resolver.errors["ads.example"] = code
    assert looking.look().looked == 1


@pytest.mark.parametrize("address", ["A 0.0.0.0", "A 127.0.0.1", "AAAA ::", "AAAA ::1"])
def test_an_address_that_is_nobodys_says_nothing(looking, address):
    looking.resolver.records["ads.example"] = [address]
    assert looking.look().unanswered == 1


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0" * 11, b"no message at all"])
def test_octets_that_are_no_message_say_nothing(looking, octets):
    looking.resolver.raw["ads.example"] = octets
    assert looking.look().unanswered == 1


def test_name_servers_that_nobody_tells_are_not_changed(tmp_path):
    looking = Looking(tmp_path / "catalogue", "www.ads.example")
    looking.resolver.records["ads.example"] = list(HERE)
    looking.look()
    looking.resolver.rcodes["ads.example"] = "SERVFAIL"
    assert looking.weeks(4) == Summary(1, 1, 0, 0, 0, 0, ())
    assert looking.past("www.ads.example").servers == ("ns1.host.example", "ns2.host.example")


# Upstreams and the folder.


def test_upstreams_that_do_not_answer_are_told_before_a_name_is_asked_for(looking):
    looking.resolver.silent = True
    with pytest.raises(UpstreamError, match="no upstream answers, so nothing was looked at; name"):
        looking.look()
    assert looking.resolver.asked == [ROOT]
    assert looking.past("ads.example") == Past()


def test_upstreams_that_refuse_everything_are_told(looking):
    looking.resolver.rcodes["."] = "REFUSED"
    with pytest.raises(UpstreamError, match="no upstream answers"):
        looking.look()


def test_upstreams_that_cease_to_answer_are_noticed_and_what_was_seen_is_kept(tmp_path):
    looking = Looking(tmp_path / "catalogue")
    for letter in "abc":
        looking.site(letter, [f"{letter}{n}.example" for n in range(SILENT)])
    looking.resolver.silent_from = 1 + SILENT  # each is gone: one question each
    with pytest.raises(UpstreamError, match="what was seen until now is kept"):
        looking.look()
    assert len(looking.resolver.asked) == 1 + 2 * SILENT + 1
    assert looking.resolver.asked[-1] == ROOT
    assert len(looks.read(looking.path, "a")) == SILENT
    assert looks.read(looking.path, "b") == {}
    looking.resolver.silent_from = -1
    assert looking.look() == Summary(3 * SILENT, 2 * SILENT, SILENT, 0, 0, 0, ())


def test_many_names_that_nobody_tells_of_do_not_end_a_run(tmp_path):
    names = [f"ads{number}.example" for number in range(3 * SILENT)]
    looking = Looking(tmp_path / "catalogue", *names, "last.example")
    looking.resolver.rcodes = dict.fromkeys(names, "SERVFAIL")
    assert looking.look() == Summary(3 * SILENT + 1, 1, 0, 3 * SILENT, 0, 0, ())
    assert looking.resolver.asked.count(ROOT) == 1 + 3


def test_a_run_that_is_cut_short_keeps_what_it_saw(tmp_path):
    looking = Looking(tmp_path / "catalogue", "a.example", "b.example")

    async def stuck(question, /):
        if b"\1b\7example" in question:
            raise asyncio.CancelledError
        return await looking.resolver(question)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(look(looking.path, WIDE, stuck, now=lambda: looking.now, pace=0))
    assert list(looks.read(looking.path, "listed-site")) == ["a.example"]


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_asked(looking):
    (looking.path / "looks").write_text("in the way")
    with pytest.raises(StateError, match="looks: cannot be written"):
        looking.look()
    assert looking.resolver.asked == []


def test_what_is_no_listed_name_any_more_is_forgotten(tmp_path):
    looking = Looking(tmp_path / "catalogue", "a.example", "b.example")
    other = looking.site("Other", ["other.example"])
    looking.look()
    assert {path.name for path in (looking.path / "looks").iterdir()} == {
        *("listed-site.json", "other.json")
    }
    looking.catalogue.keeper().edit("listed-site", {"names": ["b.example"]}, "a is gone")
    looking.catalogue.move(other, "retire")
    looking.look()
    assert list(looks.read(looking.path, "listed-site")) == ["b.example"]
    assert [path.name for path in (looking.path / "looks").iterdir()] == ["listed-site.json"]


def test_looks_leave_the_catalogue_as_its_journal_tells(looking):
    looking.resolver.records.clear()
    looking.weeks(5)
    assert verify.verify(looking.path, WIDE, looking.now) == []


# A real name server, whose zones change.


def test_a_site_lives_moves_and_dies_before_a_real_name_server(tmp_path):
    here = ["@ NS ns1.host.example.", "@ A 192.0.2.1", "www A 192.0.2.1"]
    zones = {".": [], "ads.example": here, "shop.test": here, "new.test": ["www A 192.0.2.9"]}
    with Nameserver(tmp_path, zones) as server:
        looking = Looking(tmp_path / "catalogue", exchange=Asking(server.address))
        looking.site("Ads", ["ads.example"], exact=["www.ads.example"])
        looking.site("Shop", ["shop.test"])
        looking.site("Gone", exact=["gone.com"])
        server.write(".", ["gone.com. A 192.0.2.4"])
        assert looking.look() == Summary(4, 4, 0, 0, 0, 0, ())

        server.write(".", [])
        server.write("ads.example", [*here[:2], "www CNAME www.new.test."])
        server.write("shop.test", ["@ NS ns1.sold.example.", "@ A 192.0.2.8"])
        assert looking.weeks(2) == Summary(4, 4, 0, 0, 0, 0, ())
        assert looking.weeks(1) == Summary(4, 4, 0, 0, 0, 2, ("ads-successor",))
        assert looking.lines()[-1] == ("system", "propose", "ads-successor")
        assert [(one.id, one.kind) for one in looking.queue()] == [
            ("ads-successor", "adoption"),
            ("shop", "life"),
            ("gone", "life"),
        ]

        server.write(".", ["gone.com. A 192.0.2.4"])
        server.write("shop.test", ["@ NS ns1.sold.example."])
        assert looking.weeks(2).findings == 1
        assert looking.weeks(1).findings == 2
        assert sorted(one.split(" (")[0] for one in looking.found()) == [
            "shop: shop.test has had no address for weeks",
            (
                "shop: shop.test has had other name servers for weeks, which may mean another owner: "
                "ns1.sold.example"
            ),
        ]
        server.write("shop.test", here)
        server.write("ads.example", here)
        assert looking.weeks(1).findings == 0
        assert verify.verify(looking.path, WIDE, looking.now + timedelta(days=1)) == []
