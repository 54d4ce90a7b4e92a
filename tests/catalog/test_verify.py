"""Every kind of tampering with a catalogue is named, with the first line of the journal that fails.

The catalogue has signed and unsigned lines, of two people and the system. Some tests change octets;
others write what a changed program would write, with a right key and a right chain.
"""

import json
import random
import shutil

import pytest

from blockfilter.catalog import changelog, identity, manifest, release, replay, store, verify
from blockfilter.catalog.folder import CURRENT, JOURNAL, sha256
from blockfilter.catalog.formats import rules as rules_format
from blockfilter.catalog.identity import Actor
from blockfilter.catalog.manifest import Forced, manifest_name, rules_file, signature_name
from blockfilter.catalog.site import Dossier, ImportedList, State
from blockfilter.policy.rule import Mode
from tests.catalog.people import Team, forge
from tests.catalogs import ADA, BEN, WIDE, Catalogue, compiling_here, made, rule

SYSTEM = Actor("system", None)
POSITIONS = 4  # octets of each line that are changed, chosen anew by the seed of each test


@pytest.fixture(scope="module", autouse=True)
def one_process():
    with compiling_here():
        yield


def lived(catalogue):
    """A year of a catalogue: what may happen, happens."""
    site = catalogue.site("First Site", ["a.example"])
    brought = catalogue.bring(
        "ads", "".join(f"ad-{n}.example\n" for n in range(20)), url="https://x.example/"
    )
    catalogue.release("the first")
    catalogue.passes(hours=1)
    catalogue.move(site, "dispute")
    catalogue.move(site, "activate")
    catalogue.keeper().edit(site, {"names": ["a.example", "b.example"]}, "moved")
    catalogue.keeper(catalogue.approver).edit(site, {"note": "seen"}, "only words")
    catalogue.move(site, "approve")
    catalogue.keeper().allow("c.example", catalogue.now.replace(day=28), "a ticket")
    refresh(catalogue, brought, "".join(f"ad-{n}.example\n" for n in range(21)))
    catalogue.release("the second")
    catalogue.passes(hours=1)
    catalogue.rollback(1)
    release.resume(catalogue.folder, catalogue.proposer, catalogue.now, "all is well")
    catalogue.passes(hours=1)
    gone = catalogue.site("Gone Site", ["gone.example"], approved=False)
    catalogue.move(gone, "reject")
    return catalogue


def refresh(catalogue, id_, text):
    """Other rules from the source, and the system's release of them."""
    from blockfilter.catalog import imported

    file = catalogue.path.parent / "fetched.txt"
    file.write_text(text)
    brought = imported.bring(
        file, catalogue.path, format="domains", category="escort-ads", mode=Mode.ENFORCE, wide=WIDE
    )
    entry = catalogue.keeper().refreshed(id_, brought)
    notes = f"refresh of {id_}"
    release.derive(catalogue.folder, WIDE, {id_: entry}, catalogue.now, notes)


@pytest.fixture(scope="module")
def kept_signed(tmp_path_factory, one_process):
    team = Team(tmp_path_factory.mktemp("signed"))
    team.catalogue.site("Before Keys", ["before.example"])  # by names that are believed
    for name, by in (("ada", "ada"), ("ben", "ada")):
        team.key(name)
        team.keeper(by).enrol(name, team.public[name], "we begin")
    team.catalogue.proposer, team.catalogue.approver = team.actor("ada"), team.actor("ben")
    lived(team.catalogue)
    team.tries("ada", "rotate", "ada", team.key("ada", "new"), done=True)
    (team.place / "new").replace(team.place / "ada")
    team.catalogue.proposer = team.actor("ada")
    team.catalogue.site("After All", ["after.example"])
    return team


@pytest.fixture(scope="module")
def kept_unsigned(tmp_path_factory, one_process):
    return lived(made(tmp_path_factory.mktemp("unsigned") / "catalogue", released=False))


class Tampered:
    """A copy to tamper with."""

    def __init__(self, path, people):
        self.path = path
        self.people = people  # by name
        self.lines = changelog.read(path)
        assert verify.verify(path, WIDE) == []

    def findings(self):
        return verify.verify(self.path, WIDE)

    def first(self):
        found = self.findings()
        assert found, "nothing was found"
        return found[0]

    def write(self, *octets):
        (self.path / JOURNAL).write_bytes(b"".join(octets))

    def octets(self):
        return [line.octets + b"\n" for line in self.lines]

    def line(self, what, by=None):
        """The last line of a kind."""
        return next(l for l in reversed(self.lines) if l.what == what and by in (None, l.by))

    def append(self, by, **line):
        """One line more, by a person with their key or the system; its number."""
        actor = SYSTEM if by == "system" else self.people[by]
        octets = forge(self.lines, actor, **{"at": self.lines[-1].at, **line})
        with (self.path / JOURNAL).open("ab") as file:
            file.write(octets)
        self.lines = changelog.read(self.path)
        return len(self.lines)

    def entry(self, by, what, id_, why="", **changes):
        """A line about an entry that says what it wants, and the entry's file with it."""
        at = changes.pop("at", self.lines[-1].at)
        before = replay.last_versions(self.lines).get(id_, {})
        value = {**before, "changed": {"by": by, "at": at}, "reason": why, **changes}
        value = {key: one for key, one in value.items() if one not in (None, "")}
        return self.append(by, what=what, id=id_, why=why, entry=value, at=at)

    def fails_at(self, number, rule, sentence):
        found = [(one.place, one.rule) for one in self.findings()]
        assert found, "nothing was found"
        assert found[0] == (f"{JOURNAL}: line {number}", rule), self.findings()
        assert sentence in self.first().sentence


@pytest.fixture
def signed(kept_signed, tmp_path):
    path = tmp_path / "catalogue"
    shutil.copytree(kept_signed.path, path)
    return Tampered(path, {name: kept_signed.actor(name) for name in ("ada", "ben")})


@pytest.fixture
def unsigned(kept_unsigned, tmp_path):
    path = tmp_path / "catalogue"
    shutil.copytree(kept_unsigned.path, path)
    return Tampered(path, {"ada": ADA, "ben": BEN})


@pytest.fixture(params=["signed", "unsigned"])
def tampered(request):
    return request.getfixturevalue(request.param)


# Octets.


def numbers(findings):
    """The lines of the journal that are named, in their order."""
    places = [one.place.removeprefix(f"{JOURNAL}: line ") for one in findings]
    return [int(place) for place in places if place.isdigit()]


@pytest.mark.parametrize("seed", range(POSITIONS))
def test_one_octet_changed_in_any_line_is_named_with_its_line(tampered, seed):
    chosen = random.Random(seed)
    every = tampered.octets()
    for number, line in enumerate(every, 1):
        at = chosen.randrange(len(line) - 1)
        bit = 1 << chosen.randrange(8)
        changed = line[:at] + bytes((line[at] ^ bit,)) + line[at + 1 :]
        tampered.write(*every[: number - 1], changed, *every[number:])
        named = numbers(tampered.findings())
        # Of a last line nobody signed, nobody knows which of the two the other one was.
        unknown = number == len(every) and tampered.lines[-1].signature is None
        assert named[0] in ([number - 1, number] if unknown else [number]), (number, at, changed)


def test_one_octet_of_what_a_line_says_is_named_by_the_signature(signed):
    every = signed.octets()
    for number, line in enumerate(signed.lines, 1):
        if not line.why:
            continue
        changed = line.octets.replace(b'"why":"', b'"why":"X') + b"\n"
        signed.write(*every[: number - 1], changed, *every[number:])
        found = signed.findings()
        rules = {one.rule for one in found if numbers([one]) == [number]}
        assert numbers(found)[0] == number
        assert ("signature" in rules) is (line.signature is not None)


def test_a_line_that_is_gone_is_missed_where_it_was(tampered):
    every = tampered.octets()
    for number in range(1, len(every)):
        tampered.write(*every[: number - 1], *every[number:])
        place = numbers(tampered.findings())[0]
        assert place == max(number - 1, 1), (number, tampered.findings())


def test_the_last_line_that_is_gone_is_missed_by_its_entry(tampered):
    tampered.write(*tampered.octets()[:-1])
    assert [one.rule for one in tampered.findings()] == ["entry"]


def test_a_journal_that_is_gone_is_missed(tampered):
    (tampered.path / JOURNAL).unlink()
    rules = {one.rule for one in tampered.findings()}
    assert {"entry", "release"} <= rules
    tampered.write()
    assert {one.rule for one in tampered.findings()} == rules


def test_two_lines_that_changed_places_are_named(tampered):
    every = tampered.octets()
    for number in range(1, len(every)):
        first, second = every[number - 1 : number + 1]
        tampered.write(*every[: number - 1], second, first, *every[number + 1 :])
        named = tampered.findings()
        assert numbers(named)[0] == number, (number, named)
        assert "lines were moved" in " ".join(one.sentence for one in named[:3])


def test_a_line_that_is_there_twice_is_named(tampered):
    every = tampered.octets()
    tampered.write(*every, every[4])
    assert f"line {len(every) + 1} is there twice" in tampered.first().sentence


def test_a_line_put_in_between_is_named(tampered):
    every = tampered.octets()
    strange = forge(tampered.lines[:5], ADA, at=tampered.lines[4].at, what="approve", id="nothing")
    tampered.write(*every[:5], strange, *every[5:])
    assert numbers(tampered.findings())[0] == 6


def test_a_whole_journal_of_somebody_elses_is_none_of_this_folder(tampered, tmp_path):
    other = made(tmp_path / "other", names=["other.example"], released=False)
    shutil.copy(other.path / JOURNAL, tampered.path / JOURNAL)
    assert {"entry", "release"} <= {one.rule for one in tampered.findings()}


# People.


def test_a_line_without_a_signature_after_the_first_key(signed):
    every = signed.octets()
    value = json.loads(every[-1])
    signed.write(*every[:-1], changelog.canonical(value | {"signature": None}) + b"\n")
    signed.fails_at(len(every), "signature", "is not signed, though")


def test_a_signature_of_another_maintainer(signed):
    every = signed.octets()
    value = json.loads(every[-1])
    del value["signature"]
    assert value["by"] == "ben"
    ada = signed.people["ada"].signer
    signature = ada.sign(changelog.canonical(value), f"journal {value['at']}")
    signed.write(*every[:-1], changelog.canonical(value | {"signature": signature}) + b"\n")
    signed.fails_at(len(every), "signature", "is not by ben's key of that time")


def test_a_signature_of_another_line(signed):
    every = signed.octets()
    value = json.loads(every[-1])
    before = next(line for line in reversed(signed.lines[:-1]) if line.by == value["by"])
    signed.write(*every[:-1], changelog.canonical(value | {"signature": before.signature}) + b"\n")
    signed.fails_at(len(every), "signature", "is not by ben's key")


def test_somebody_who_is_no_maintainer(signed, tmp_path):
    identity.keygen(tmp_path / "eve", None)
    secret = identity.secret_key(tmp_path / "eve", None)
    signed.people["eve"] = Actor("eve", identity.Signer("eve", secret))
    number = signed.append("eve", what="resume", why="let me in")
    signed.fails_at(number, "signature", "eve was no maintainer")


def test_a_name_that_nobody_can_have(unsigned):
    unsigned.people["Ada"] = Actor("Ada", None)
    number = unsigned.append("Ada", what="resume", why="a second person")
    unsigned.fails_at(number, "signature", '"Ada" is no name')


def propose(tampered, by="ada", **changes):
    """A line that proposes a site; with `changes` not as one does."""
    at = tampered.lines[-1].at
    value = {
        "kind": "site", "id": "forged", "site": "Forged", "category": "escort-ads",
        "state": "proposed", "names": ["forged.example"], "proposed": {"by": by, "at": at},
    }  # fmt: skip
    return tampered.entry(by, "propose", "forged", **{**value, **changes})


def test_an_approval_by_who_proposed(tampered):
    propose(tampered)
    at = tampered.lines[-1].at
    number = tampered.entry("ada", "approve", "forged", state="approved", approved={"by": "ada", "at": at})  # fmt: skip
    tampered.fails_at(number, "move", "it needs a second person")


def test_an_approval_of_what_somebody_else_is_said_to_have_proposed(tampered):
    at = tampered.lines[-1].at
    number = propose(tampered, proposed={"by": "ben", "at": at})
    tampered.entry("ada", "approve", "forged", state="approved", approved={"by": "ada", "at": at})
    tampered.fails_at(number, "move", "somebody else than ada is said to have proposed it")


def test_an_approval_that_somebody_else_is_said_to_have_given(tampered):
    propose(tampered)
    at = tampered.lines[-1].at
    number = tampered.entry("ada", "edit", "forged", state="approved", approved={"by": "ben", "at": at})  # fmt: skip
    tampered.fails_at(number, "move", "edit makes the entry approved")


def test_an_entry_that_begins_as_approved(tampered):
    at = tampered.lines[-1].at
    number = propose(tampered, state="approved", approved={"by": "ben", "at": at})
    tampered.fails_at(number, "move", "makes the entry approved")


def test_an_approval_by_one_person_of_what_the_system_is_said_to_have_proposed(tampered):
    """Anybody who can write files can write what the system signs: nothing."""
    propose(tampered, "system")
    at = tampered.lines[-1].at
    number = tampered.entry("ada", "approve", "forged", state="approved", approved={"by": "ada", "at": at})  # fmt: skip
    tampered.fails_at(number, "move", "approves what no person proposed")


def test_a_proposal_that_is_taken_over_to_be_approved(tampered):
    propose(tampered)
    number = tampered.entry("ben", "adopt", "forged", proposed={"by": "ben", "at": tampered.lines[-1].at})  # fmt: skip
    tampered.fails_at(number, "move", "only the system's is adopted")


def test_rules_that_change_with_an_approval(tampered):
    propose(tampered)
    number = tampered.entry(
        "ben", "approve", "forged", state="approved", names=["other.example"],
        approved={"by": "ben", "at": tampered.lines[-1].at},
    )  # fmt: skip
    tampered.fails_at(number, "move", "approve changes names, and it may not")


@pytest.mark.parametrize(
    ("what", "changes", "sentence"),
    [
        ("edit", {"names": ["forged.example"]}, "edit makes the entry active"),
        ("edit", {"state": "retired"}, "edit makes the entry retired"),
        ("edit", {"kind": "list", "state": "proposed"}, "changes kind"),
        ("dispute", {"state": "active"}, "dispute makes the entry active"),
        ("approve", {"state": "approved"}, "approve of before-keys, which was active"),
        ("propose", {"state": "proposed"}, "gives the id before-keys again"),
        ("wish", {"state": "active"}, "nothing that happens to an entry"),
        ("retire", {"state": "retired", "changed": {"by": "ben", "at": "2026-11-23T09:17:05Z"}}, "changed by somebody else"),
        ("retire", {"state": "retired", "reason": "another"}, "another reason"),
    ],
)  # fmt: skip
def test_a_move_that_is_none(signed, what, changes, sentence):
    number = signed.entry("ada", what, "before-keys", **changes)
    found = [one for one in signed.findings() if numbers([one]) == [number]]
    assert sentence in " ".join(one.sentence for one in found), found
    assert numbers(signed.findings())[0] == number


def test_a_move_of_what_nobody_proposed_and_a_line_without_its_entry(signed):
    number = signed.append("ada", what="retire", id="nothing")
    signed.fails_at(number, "move", "retire tells no entry")
    number = signed.entry("ada", "retire", "nothing", id="nothing", state="retired")
    assert "which no line before it proposed" in signed.findings()[1].sentence


def test_an_act_that_brings_an_entry_along(signed):
    value = dict(signed.line("activate").entry)
    number = signed.append("ada", what="resume", entry=value)
    signed.fails_at(number, "move", "is of no entry, and tells one")


# The system, whose lines nobody signs.


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("approve", {"state": "approved"}),
        ("activate", {"state": "active"}),
        ("edit", {"note": "x"}),
        ("adopt", {}),
        ("retire", {"state": "retired"}),
        ("import", {}),
    ],
)
def test_the_system_does_what_only_a_person_may(tampered, what, changes):
    number = tampered.entry("system", what, "first-site", **changes)
    tampered.fails_at(number, "system", f"the system does not {what}; a person has to")


@pytest.mark.parametrize("what", ["allow", "rollback", "resume", "enrol", "rotate", "ask", "force"])
def test_the_system_has_no_say(tampered, what):
    number = tampered.append("system", what=what, id="ada", facts={"key": "x", "serial": 1})
    tampered.fails_at(number, "system", "a person has to")


def test_the_system_refreshes_what_is_no_subscription(tampered, tmp_path):
    file = tmp_path / "plain.txt"
    number = tampered.entry("system", "refresh", "first-site", sha256="0" * 64, changed=None)
    tampered.fails_at(number, "move", "no subscription that two people approved")
    assert not file.exists()


def test_the_system_refreshes_more_than_rules(tampered):
    before = replay.last_versions(tampered.lines)["ads"]
    value = {**before, "sha256": "0" * 64, "mode": "monitor"}
    number = tampered.append("system", what="refresh", id="ads", entry=value)
    tampered.fails_at(number, "move", "refresh changes mode, and it may not")


def test_the_system_ends_what_has_not_ended(tampered):
    number = tampered.entry("system", "expire", "first-site", state="retired")
    tampered.fails_at(number, "move", "before its time is over")


def test_a_person_does_what_the_system_does(tampered):
    before = replay.last_versions(tampered.lines)["ads"]
    number = tampered.append("ada", what="refresh", id="ads", entry=before)
    tampered.fails_at(number, "system", "a person does not refresh")


# The folder.


def test_an_entry_that_was_changed_by_hand(tampered):
    file = tampered.path / "sites/first-site.toml"
    file.write_text(file.read_text().replace("b.example", "bank.example"))
    (found,) = tampered.findings()
    assert (found.rule, found.place) == ("entry", "sites/first-site.toml: first-site")
    assert "is not as the journal's last line about it" in found.sentence


def test_an_entry_that_nobody_proposed_and_one_whose_file_is_gone(tampered):
    file = tampered.path / "sites/first-site.toml"
    other = file.with_name("other.toml")
    other.write_text(file.read_text().replace("first-site", "other"))
    file.unlink()
    found = {one.place: one.sentence for one in tampered.findings()}
    assert "is in no line of the journal" in found["sites/other.toml: other"]
    assert "its file is missing" in found["first-site"]


def test_a_comment_is_no_change(tampered):
    file = tampered.path / "sites/first-site.toml"
    file.write_text("# I was here\n" + file.read_text())
    assert tampered.findings() == []


def test_a_file_that_cannot_be_read(tampered):
    (tampered.path / "sites/first-site.toml").write_text("=")
    assert tampered.first().rule == "folder"


@pytest.mark.parametrize("serial", [1, 2, 3])
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_of_rules(tampered, serial, damage):
    for listed in manifest.read(tampered.path, serial).lists:
        path = rules_file(tampered.path, listed)
        octets = path.read_bytes()
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(octets + b"subtree\tbank.example\n")
        place = str(path.relative_to(tampered.path))
        assert ("rules", place) in [(one.rule, one.place) for one in tampered.findings()]
        path.write_bytes(octets)


def test_a_manifest_that_was_changed(tampered):
    path = tampered.path / manifest_name(2)
    octets = path.read_bytes()
    path.write_bytes(octets.replace(b'"enforce"', b'"monitor"', 1))
    found = tampered.first()
    assert (found.rule, found.place) == ("release", manifest_name(2))
    assert "is not the one of journal line" in found.sentence
    path.write_bytes(octets + b" ")
    assert "is not as it was written" in tampered.first().sentence
    path.unlink()
    assert "is missing" in tampered.first().sentence


def test_a_manifest_that_no_line_tells_of(tampered):
    found = manifest.read(tampered.path, 1)._replace(serial=9)
    (tampered.path / manifest_name(9)).write_bytes(found.octets())
    assert "no line of the journal tells of it" in tampered.first().sentence


@pytest.mark.parametrize("damage", ["none", "other", "garbage"])
def test_the_signature_of_a_release(signed, damage):
    path = signed.path / signature_name(3)
    match damage:
        case "none":
            path.unlink()
        case "other":
            path.write_bytes((signed.path / signature_name(1)).read_bytes())
        case "garbage":
            path.write_bytes(b"\xff")
    (found,) = signed.findings()
    assert (found.rule, found.place) == ("signature", signature_name(3))


def test_a_pointer_to_another_release_or_to_none(tampered):
    pointer = tampered.path / CURRENT
    pointer.write_bytes(manifest.read(tampered.path, 3).pointer)
    assert "release 3 is in force, and the journal says 1" in tampered.first().sentence
    pointer.write_text(f"7 {'0' * 64}\n")
    assert (tampered.first().rule, tampered.first().place) == ("release", CURRENT)
    pointer.unlink()
    assert "release none is in force" in tampered.first().sentence


@pytest.mark.parametrize(
    "octets",
    [
        b'{"allow":[{"name":"bank.example","until":"2099-01-01T00:00:00Z"}],"disputed":[],"paused":false}\n',
        b'{"allow":[],"disputed":["first-site"],"paused":false}\n',
        b'{"allow":[],"disputed":[],"paused":true}\n',
        b"{}",
        None,
    ],
)  # fmt: skip
def test_what_is_softened_without_a_line(tampered, octets):
    path = tampered.path / "standing.json"
    path.write_bytes(octets) if octets else path.unlink()
    assert [one.rule for one in tampered.findings()] == ["standing"]


def test_an_exception_that_lasts_longer_than_was_said(tampered):
    path = tampered.path / "allow.toml"
    path.write_text(path.read_text().replace("2026-11-28", "2036-11-28"))
    assert {one.rule for one in tampered.findings()} == {"allow", "standing"}


def test_a_key_that_no_line_gave(signed, tmp_path):
    path = signed.path / "maintainers.toml"
    octets = path.read_text()
    key = identity.keygen(tmp_path / "mallory", None)
    ben = signed.people["ben"].signer.public
    for text in (
        octets.replace(ben, key),
        octets + f'\n[[maintainer]]\nname = "mallory"\nkey = "{key}"\n',
        octets + f'[[maintainer.former]]\nkey = "{key}"\nuntil = "x"\nreason = ""\n',
        octets.replace(f'key = "{ben}"', f'key = "{ben}"\nremoved = "2026-11-23T09:17:05Z"'),
    ):
        assert text != octets
        path.write_text(text)
        (found,) = signed.findings()
        assert found.rule == "key"
        assert "has another key than the journal tells of" in found.sentence
    path.write_text("")
    assert "ada is missing, whom the journal enrolled" in signed.first().sentence


def test_a_change_that_was_cut_short(tampered):
    (tampered.path / ".committed").mkdir()
    assert "was cut short by a crash" in tampered.first().sentence


# Releases made by a changed program: right key, right chain, right digests, and too much in them.


def released(tampered, by, change, previous=1, rules=None, forced=None, **facts):
    """A release by `by`, as `change` makes it of the one before; the number of its line."""
    was = manifest.read(tampered.path, previous if by == "system" else 3)
    lists = tuple(change(one) for one in was.lists)
    if rules is not None:
        new = tampered.path / "rules/new"
        done = rules_format.write(rules, new, category="", mode=Mode.ENFORCE)
        new.replace(tampered.path / f"rules/{done.sha256}.rules")
        lists = (lists[0]._replace(rules=done.rules, sha256=done.sha256), *lists[1:])
    at = tampered.lines[-1].at
    found = was._replace(
        serial=4, date=at, by=by, notes="", previous=previous, forced=forced, lists=lists
    )
    (tampered.path / manifest_name(4)).write_bytes(found.octets())
    (tampered.path / CURRENT).write_bytes(found.pointer)
    signer = tampered.people[by].signer if by != "system" else None
    if signer:
        signature = signer.sign(found.octets(), f"serial:4 date:{at}")
        (tampered.path / signature_name(4)).write_text(signature)
    told = {one.id: one.sha256 for one in lists}
    facts = {"serial": 4, "sha256": found.sha256, "previous": previous, "lists": told} | facts
    return tampered.append(by, what="release", facts=facts)


def same(listed):
    return listed


def approved_rules():
    return [rule("a.example", "first-site"), rule("b.example", "first-site"),
            rule("before.example", "before-keys")]  # fmt: skip


def test_a_release_of_what_is_approved_is_right(signed):
    released(signed, "ada", same, rules=approved_rules())
    assert [one.rule for one in signed.findings()] == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (rule("mine.example", "first-site"), "a rule of first-site that was not approved"),
        (rule("gone.example", "gone-site"), "a rule of gone-site that was not approved"),
        (rule("mine.example", "nobodys"), "a rule of nobodys that was not approved"),
        (rule("mine.example"), "a rule of no entry that was not approved"),
        (rule("a.example", "first-site", "review-board"), "a rule of first-site"),
    ],
)
def test_a_release_with_a_name_that_one_person_put_in(signed, more, sentence):
    number = released(signed, "ada", same, rules=[*approved_rules(), more])
    signed.fails_at(number, "release", sentence)


def test_a_release_with_a_list_that_one_person_put_in(signed):
    def mine(listed):
        return listed._replace(id="mine") if listed.id == "ads" else listed

    number = released(signed, "ada", mine, rules=approved_rules())
    signed.fails_at(number, "release", "the list mine was not approved")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"category": "review-board"}, "another mode or category"),
        ({"sha256": "0" * 64}, "other rules than were approved"),
        ({"role": "allow"}, "the part of a list that it is not"),
    ],
)
def test_a_release_with_a_list_that_one_person_changed(signed, change, sentence):
    number = released(
        signed,
        "ada",
        lambda listed: listed._replace(**change) if listed.id == "ads" else listed,
        rules=approved_rules(),
        previous=1,
    )
    signed.fails_at(number, "release", sentence)


def test_a_release_that_one_person_forced_for_two(signed):
    forced = Forced(("ben", "ada"), "we both want it")
    number = released(signed, "ada", same, rules=approved_rules(), forced=forced)
    signed.fails_at(number, "release", "was forced by one person")


def test_a_release_that_its_line_tells_otherwise(signed):
    number = released(signed, "ada", same, rules=approved_rules(), lists={})
    signed.fails_at(number, "release", "says something else than releases/4.json")


def test_a_release_that_does_not_follow_the_one_in_force(signed):
    number = released(signed, "ada", same, rules=approved_rules(), previous=3)
    signed.fails_at(number, "release", "does not follow release 1")


def test_a_serial_is_given_once(signed):
    number = signed.append("ada", what="release", facts={"serial": 2, "previous": 1})
    signed.fails_at(number, "release", "was given before")
    number = signed.append("ada", what="rollback", facts={"serial": 8})
    assert "goes back to a release that no line tells of" in signed.findings()[1].sentence


@pytest.mark.parametrize("paused", [False, True])
def test_the_system_releases_no_more_than_a_refresh(signed, paused):
    if paused:
        signed.append("ada", what="rollback", facts={"serial": 1})
    number = released(signed, "system", same, rules=approved_rules())
    found = [one for one in signed.findings() if numbers([one]) == [number]]
    assert {one.rule for one in found} == {"system"}
    told = " ".join(one.sentence for one in found)
    assert "the system changed curated, and not the rules of a subscription" in told
    assert ("while refreshing is paused" in told) is paused


@pytest.mark.parametrize("change", [{"mode": "monitor"}, {"category": "review-board"}])
def test_the_system_changes_nothing_but_rules_of_a_subscription(signed, change):
    number = released(
        signed,
        "system",
        lambda listed: listed._replace(**change) if listed.id == "ads" else listed,
    )
    signed.fails_at(number, "system", "the system changed ads")


def test_the_system_undoes_no_rollback(signed):
    number = released(signed, "system", same, previous=2)
    signed.fails_at(number, "release", "does not follow release 1")


# What looks like it and is none.


def test_words_may_be_changed_by_anybody_while_an_entry_waits(signed):
    place = Catalogue(signed.path, signed.people["ada"], signed.people["ben"])
    id_ = place.site("New", ["new.example"], approved=False)
    place.keeper(signed.people["ben"]).edit(id_, {"note": "looks right"}, "words")
    place.move(id_, "approve")
    place.move(id_, "reject")
    entry = store.read(signed.path, WIDE).entry(id_)
    assert entry
    assert entry.state is State.REJECTED
    assert signed.findings() == []


def test_a_rejected_edit_brings_the_version_before_back(signed):
    place = Catalogue(signed.path, signed.people["ada"], signed.people["ben"])
    place.keeper().edit("first-site", {"names": ["x.example"]}, "wrong")
    place.move("first-site", "reject")
    entry = store.read(signed.path, WIDE).entry("first-site")
    assert isinstance(entry, Dossier)
    assert entry.names == ("a.example", "b.example")
    assert signed.findings() == []


def test_a_waiting_edit_leaves_the_rules_before_in_a_release(signed):
    place = Catalogue(signed.path, signed.people["ada"], signed.people["ben"])
    place.now = place.now.replace(hour=20)
    place.keeper().edit("before-keys", {"names": ["x.example"]}, "moved")
    place.release()
    assert signed.findings() == []


def test_exceptions_of_a_list_are_no_other_rules(signed):
    place = Catalogue(signed.path, signed.people["ada"], signed.people["ben"])
    place.now = place.now.replace(hour=20)
    place.keeper().edit("ads", {"except": ["ad-3.example"]}, "is something else")
    place.move("ads", "approve")
    made_ = place.release()
    assert signed.findings() == []
    (listed,) = [one for one in made_.lists if one.id == "ads"]
    entry = store.read(signed.path, WIDE).entry("ads")
    assert isinstance(entry, ImportedList)
    assert listed.sha256 != entry.sha256
    assert sha256(rules_file(signed.path, listed).read_bytes()) == listed.sha256
