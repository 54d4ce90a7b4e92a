"""What waits for a person: the order, the words, and commands that the command line accepts."""

import shlex
from datetime import date, timedelta

import click
import pytest

from blockfilter.catalog import record, review, store, suffixes
from blockfilter.catalog.change import REVIEW_DAYS
from blockfilter.catalog.record import Record
from blockfilter.catalog.review import SOON_DAYS, Kind
from blockfilter.cli import main
from blockfilter.errors import ListError, RefusedError
from blockfilter.policy.rule import Mode
from tests.catalog.looking import HERE, Looking
from tests.catalog.people import Team
from tests.catalogs import ADA, START, WIDE, compiling_here, made


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


@pytest.fixture
def catalogue(tmp_path):
    return made(tmp_path / "catalogue", released=False)


def queue(catalogue):
    """The queue; each command is one that the command line accepts."""
    items = review.queue(catalogue.path, WIDE, catalogue.now)
    for one in items:
        accepted(one.command)
        assert one.command.endswith(f" --catalog {shlex.quote(str(catalogue.path))}")
        assert one.sentence == " ".join(one.sentence.split())
    return items


def accepted(command):
    program, *words = shlex.split(command)
    assert program == "blockfilter"
    parsed: click.Command = main
    while isinstance(parsed, click.Group):
        name, *words = words
        found = parsed.get_command(click.Context(parsed), name)
        assert found is not None, command
        parsed = found
    parsed.make_context(name, words)


def commands(catalogue):
    """The commands without what all have in common."""
    place = f" --catalog {shlex.quote(str(catalogue.path))}"
    every = [one.command for one in queue(catalogue)]
    return [one.removeprefix("blockfilter list ").removesuffix(place) for one in every]


def test_nothing_waits_in_a_catalogue_that_is_well_kept(catalogue):
    assert queue(catalogue) == []
    catalogue.site("Ads", ["ads.example"])
    catalogue.bring("list", "a.example\n")
    catalogue.release()
    assert queue(catalogue) == []


def test_proposals_come_first_the_oldest_before_the_others(catalogue):
    catalogue.site("Zebra", ["zebra.example", "b.test", "c.test", "d.test"], approved=False)
    catalogue.passes(days=1)
    catalogue.site("Ads", ["ads.example"], approved=False)
    catalogue.bring("list", "a.example\n", approved=False)
    first, second, third = queue(catalogue)
    assert first == (
        "zebra",
        Kind.PROPOSAL,
        (
            "zebra (zebra.example, b.test, c.test and 1 more): proposed by ada on 2026-11-23, waits for "
            "a second person"
        ),
        f'blockfilter list approve zebra --reason "..." --catalog {catalogue.path}',
    )
    assert second.id == "ads"
    assert third.sentence.startswith("list (a list): proposed by ada on 2026-11-24, waits for")


def test_an_edit_that_waits_says_that_the_version_before_stays(catalogue):
    ads = catalogue.site("Ads", ["ads.example"])
    catalogue.release()
    catalogue.keeper().edit(ads, {"names": ["ads.example", "more.example"]}, "more")
    (item,) = queue(catalogue)
    assert item.kind is Kind.EDIT
    assert "a change by ada on 2026-11-23 waits for a second person; until then the version" in (
        item.sentence
    )


def test_what_the_system_proposed_is_adopted_and_then_a_proposal(tmp_path):
    looking = Looking(tmp_path / "catalogue", "ads.example")
    looking.resolver.records |= {"ads.example": ["CNAME new.test."], "new.test": list(HERE)}
    looking.weeks(3)
    (adoption,) = queue(looking.catalogue)
    assert adoption.kind is Kind.ADOPTION
    assert adoption.sentence == (
        "listed-site-successor (new.test): proposed by the system on 2026-12-14: ads.example leads "
        "to new.test (CNAME), seen at 3 looks from 2026-11-30 to 2026-12-14; one person adopts it, "
        "and another one approves it"
    )
    looking.catalogue.keeper(ADA).move(adoption.id, "approve", "it is")
    (adopted,) = queue(looking.catalogue)
    assert adopted.kind is Kind.PROPOSAL
    assert "proposed by ada" in adopted.sentence


def test_wishes_about_keys_wait_for_a_second_maintainer(tmp_path):
    team = Team(tmp_path, "ada", "ben")
    public = team.key("carol")
    rotated = team.key("ben", "new")
    for what, *how in (("enrol", "carol", public), ("rotate", "ben", rotated), ("remove", "ben")):
        with pytest.raises(RefusedError, match="needs a second person"):
            getattr(team.keeper("ada"), what)(*how, "for the tests")
    items = queue(team.catalogue)
    assert {one.kind for one in items} == {Kind.KEY}
    assert items[0].sentence == (
        "ada asked on 2026-11-23 to enrol carol, which waits for another one"
    )
    assert items[0].command == (
        f'blockfilter list maintainer add carol --public {public} --reason "..." '
        f"--catalog {team.path}"
    )
    assert " rotate ben --public " in items[1].command
    assert " remove ben --reason " in items[2].command
    team.tries("ben", "enrol", "carol", public, done=True)
    assert len(queue(team.catalogue)) == 2


def test_what_is_approved_waits_for_a_release_all_together(catalogue):
    for title in ("A", "B", "C", "D"):
        catalogue.site(title, [f"{title}.example"])
    (item,) = queue(catalogue)
    assert (item.id, item.kind) == ("", Kind.RELEASE)
    assert item.sentence == "approved, and in force with the next release: a, b, c and 1 more"


def test_disputes_are_settled_one_way_or_the_other(catalogue):
    catalogue.move(catalogue.site("Ads", ["ads.example"]), "dispute", "a clinic\thas it")
    (item,) = queue(catalogue)
    assert item.kind is Kind.DISPUTE
    assert item.sentence == (
        "ads (ads.example): disputed by ben on 2026-11-23 and only watched since (a clinic has it); "
        "if the dispute is right, retire it instead"
    )
    assert " activate ads " in item.command


def test_a_site_of_which_everything_is_gone_is_retired_and_else_the_name_is_taken_out(tmp_path):
    looking = Looking(tmp_path / "catalogue", "a.example", "b.example")
    looking.site("Label", ["c.example"], site_names=["adsite"])
    looking.resolver.records.clear()
    looking.weeks(3)
    assert commands(looking.catalogue) == [
        "edit label --remove c.example",
        'retire listed-site --reason "..."',
    ]
    looking.resolver.records["a.example"] = list(HERE)
    looking.weeks(1)
    assert commands(looking.catalogue)[1] == "edit listed-site --remove b.example"


def test_what_may_have_another_owner_comes_before_what_is_gone(tmp_path):
    names = ("gone.example", "empty.example", "sold.example", "moved.example")
    looking = Looking(tmp_path / "catalogue", *names)
    looking.look()
    looking.resolver.records |= {
        "empty.example": ["TXT x"],
        "sold.example": ["A 192.0.2.1", "NS ns.sold.example."],
        "moved.example": ["CNAME google.com."],
        "google.com": list(HERE),
    }
    del looking.resolver.records["gone.example"]
    looking.weeks(3)
    items = queue(looking.catalogue)
    assert [one.sentence.split()[1] for one in items] == [
        *("sold.example", "moved.example", "gone.example", "empty.example")
    ]
    assert all("see whose it is, and say that you did" in one.sentence for one in items[:2])
    assert all(f"--review {REVIEW_DAYS}d" in one.sentence for one in items[2:])


def test_reviews_that_are_overdue_are_told(catalogue):
    ads = catalogue.site("Ads", ["ads.example"])
    catalogue.keeper().edit(ads, {"review": "2026-12-01"}, "soon")
    catalogue.site("Proposed", ["other.example"], approved=False)
    catalogue.release()
    catalogue.now = START.replace(month=12, day=1)
    assert [one.kind for one in queue(catalogue)] == [Kind.PROPOSAL]
    catalogue.passes(days=1)
    _, item = queue(catalogue)
    assert item.kind is Kind.REVIEW
    assert item.sentence == "ads (ads.example): was to be looked at again by 2026-12-01"
    assert commands(catalogue)[1] == f"edit ads --review {REVIEW_DAYS}d"


@pytest.mark.parametrize("days", [-1, 0, 1, SOON_DAYS, SOON_DAYS + 1])
def test_what_ends_soon_is_told_and_what_has_ended(catalogue, days):
    ends = date(2027, 3, 1)
    catalogue.site("Ads", ["ads.example"], expires=ends)
    catalogue.release()
    catalogue.now = START.replace(year=2027, month=3, day=1) - timedelta(days=days)
    items = queue(catalogue)
    if days > SOON_DAYS:
        assert items == []
    elif days <= 0:
        assert (
            "its time was over on 2027-03-01, and the next release retires it" in items[0].sentence
        )
        assert commands(catalogue) == ['release --notes "..."']
    else:
        assert "its time is over on 2027-03-01; if it is to stay, say how long" in items[0].sentence
        assert commands(catalogue) == [f"edit ads --expires {REVIEW_DAYS}d"]


def test_subscriptions_that_fail_are_told_with_the_reason(catalogue):
    for title in ("good", "bad", "retired"):
        url = f"https://{title}.test/list"
        catalogue.bring(title, f"{title}.example\n", url=url, mode=Mode.MONITOR)
    catalogue.release()
    record.write(catalogue.path, "good", Record(outcome="unchanged"))
    for id_, outcome in (("bad", "failed"), ("retired", "refused")):
        went = Record(outcome, "status 404", "2026-11-23T09:00:00Z", changed="2026-11-20T09:00:00Z")
        record.write(catalogue.path, id_, went)
    catalogue.move("retired", "retire")
    (item,) = queue(catalogue)
    assert item == (
        "bad",
        Kind.SUBSCRIPTION,
        "bad: failed on 2026-11-23, and the copy of 2026-11-20 stays in force: status 404",
        f"blockfilter list refresh bad --catalog {catalogue.path}",
    )


def test_refreshing_that_is_paused_is_told_once(catalogue):
    for title in ("one", "two"):
        catalogue.bring(title, f"{title}.example\n", url=f"https://{title}.test/list")
    catalogue.release()
    catalogue.site("Ads", ["ads.example"])
    catalogue.release()
    catalogue.rollback(1)
    kinds = [one for one in queue(catalogue) if one.kind is Kind.SUBSCRIPTION]
    assert [one.sentence for one in kinds] == ["refreshing is paused since a rollback: one, two"]
    assert ' refresh --resume --reason "..."' in kinds[0].command


def test_the_kinds_come_in_their_order(tmp_path):
    looking = Looking(tmp_path / "catalogue", "gone.example")
    catalogue = looking.catalogue
    catalogue.site("Ends", ["ends.example"], expires=date(2026, 12, 20))
    late = catalogue.site("Late", ["late.example"])
    catalogue.keeper().edit(late, {"review": "2026-12-01"}, "soon")
    catalogue.bring("list", "a.example\n", url="https://list.test/list")
    catalogue.release()
    record.write(catalogue.path, "list", Record(outcome="failed", reason="status 404"))
    looking.resolver.records = {f"{name}.example": list(HERE) for name in ("ends", "late", "doubt")}
    looking.weeks(3)
    catalogue.move(catalogue.site("Doubt", ["doubt.example"]), "dispute")
    catalogue.site("Next", ["next.example"])
    catalogue.site("New", ["new.example"], approved=False)
    kinds = [one.kind for one in queue(catalogue)]
    assert kinds == [
        *(Kind.PROPOSAL, Kind.RELEASE, Kind.DISPUTE, Kind.LIFE, Kind.REVIEW, Kind.EXPIRY),
        Kind.SUBSCRIPTION,
    ]
    assert kinds == sorted(kinds, key=list(Kind).index)


def test_a_folder_whose_name_has_blanks_is_quoted(tmp_path):
    catalogue = made(tmp_path / "our own", released=False)
    catalogue.site("Ads", ["ads.example"], approved=False)
    (item,) = queue(catalogue)
    assert f"--catalog '{catalogue.path}'" in item.command


def test_the_shipped_catalogue_needs_no_name():
    items = review.queue(
        store.shipped(), suffixes.read(suffixes.suffix_file()).icann, START.replace(year=2030)
    )
    assert items
    for one in items:
        accepted(one.command)
        assert "--catalog" not in one.command


def test_a_catalogue_that_is_broken_is_told(catalogue):
    (catalogue.path / "sites").mkdir(exist_ok=True)
    (catalogue.path / "sites/x.toml").write_text("x = [")
    with pytest.raises(ListError, match=r"sites/x\.toml"):
        review.queue(catalogue.path, WIDE, catalogue.now)
