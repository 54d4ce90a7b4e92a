"""Manifests, the pointer and what is softened: read exactly as written, or refused whole."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from blockfilter.catalog import manifest, standing
from blockfilter.catalog.folder import sha256
from blockfilter.catalog.manifest import Forced, Listed, Manifest, stamp
from blockfilter.catalog.site import Act, Allowed, Dossier, State
from blockfilter.errors import ListError

DIGEST = sha256(b"rules")
CURATED = Listed("curated", "block", "", "enforce", 61, DIGEST)
THIRD = Manifest(
    serial=3,
    date="2026-11-23T09:17:05Z",
    by="ada",
    notes="drei Einträge",
    previous=2,
    forced=Forced(("ada", "ben"), "the list was split"),
    lists=(CURATED, Listed("protected", "protected", "", "enforce", 2, sha256(b"others"))),
    expires={"rubmaps": "2027-01-01"},
)
FIRST = THIRD._replace(serial=1, previous=None, forced=None, expires={})
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def keep(folder, *releases, pointer=None):
    (folder / "releases").mkdir(exist_ok=True)
    for one in releases:
        (folder / f"releases/{one.serial}.json").write_bytes(one.octets())
    if pointer is not None:
        (folder / "releases/current").write_bytes(pointer)
    return folder


@pytest.mark.parametrize("one", [THIRD, FIRST])
def test_a_manifest_is_read_as_it_was_written(tmp_path, one):
    keep(tmp_path, one)
    assert manifest.read(tmp_path, one.serial) == one
    assert one.sha256 == sha256((tmp_path / f"releases/{one.serial}.json").read_bytes())


def test_a_manifest_is_canonical_json_with_its_format(tmp_path):
    octets = THIRD.octets()
    assert octets.endswith(b"}\n")
    assert octets.startswith(b'{"by":"ada","date":"2026-11-23T09:17:05Z","expires":{"rubmaps":')
    assert json.loads(octets)["format"] == 1
    assert "drei Einträge".encode() in octets


def test_the_content_of_a_release_is_what_it_puts_in_force_and_nothing_else():
    assert THIRD.content == THIRD._replace(serial=9, notes="", by="ben", forced=None).content
    assert THIRD.content != THIRD._replace(expires={}).content
    assert THIRD.content != THIRD._replace(lists=THIRD.lists[:1]).content


def test_the_pointer_names_the_release_in_force(tmp_path):
    assert manifest.in_force(tmp_path) is None
    keep(tmp_path, FIRST, THIRD, pointer=THIRD.pointer)
    assert manifest.in_force(tmp_path) == THIRD
    keep(tmp_path, pointer=FIRST.pointer)
    assert manifest.in_force(tmp_path) == FIRST
    assert manifest.serials(tmp_path) == (1, 3)


@pytest.mark.parametrize(
    "pointer",
    [
        b" ",
        b"3\n",
        b"x " + DIGEST.encode(),
        b"3 " + DIGEST.encode() + b"\n",
        b"03" + THIRD.pointer[1:],
        b"../3 " + DIGEST.encode(),
        THIRD.pointer + THIRD.pointer,
        b"9" + THIRD.pointer[1:],
        b"\xff\xfe",
    ],
)
def test_a_pointer_that_names_no_whole_release_is_refused(tmp_path, pointer):
    keep(tmp_path, FIRST, THIRD, pointer=pointer)
    with pytest.raises(ListError, match="take the file back"):
        manifest.in_force(tmp_path)


def changed(**values):
    return json.dumps(json.loads(THIRD.octets()) | values, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        changed(format=2),
        changed(serial="3"),
        changed(serial=True),
        changed(serial=4),
        changed(more=1),
        changed(lists=[CURATED._replace(sha256="../../etc/passwd")._asdict()]),
        changed(lists=[CURATED._replace(id="../x")._asdict()]),
        changed(lists=[CURATED._replace(role="other")._asdict()]),
        changed(expires={"a": 3}),
        changed(expires=None),
        changed(forced={"by": "ada"}),
        THIRD.octets().decode() + "\n",
        "[" * 100_000,
    ],
)
def test_a_file_that_is_not_exactly_a_manifest_is_refused(tmp_path, text):
    keep(tmp_path)
    (tmp_path / "releases/3.json").write_text(text, encoding="utf-8")
    with pytest.raises(ListError, match=r"3\.json: is n"):
        manifest.read(tmp_path, 3)


def test_a_release_that_is_not_there_and_one_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(ListError, match="is missing"):
        manifest.read(tmp_path, 3)
    (tmp_path / "releases/3.json").mkdir(parents=True)
    with pytest.raises(ListError, match="cannot be read"):
        manifest.read(tmp_path, 3)


def test_other_files_beside_manifests_are_no_releases(tmp_path):
    keep(tmp_path, FIRST)
    for name in ("1.json.minisig", "1.snapshot", "x.json", "02.json", "0.json"):
        (tmp_path / "releases" / name).write_text("")
    assert manifest.serials(tmp_path) == (1,)


def test_an_entry_expires_on_its_day():
    assert THIRD.expired(date(2026, 12, 31)) == frozenset()
    assert THIRD.expired(date(2027, 1, 1)) == {"rubmaps"}


def test_what_is_softened_is_read_as_it_was_written(tmp_path):
    assert standing.standing(tmp_path) == standing.Standing()
    stands = standing.Standing(("a", "b"), (("a.example", "2026-12-01T00:00:00Z"),), paused=True)
    (tmp_path / "standing.json").write_bytes(stands.octets())
    assert standing.standing(tmp_path) == stands


@pytest.mark.parametrize(
    "text", ["", "[]", '{"disputed":[]}', '{"disputed":[3],"allow":[],"paused":false}']
)
def test_a_broken_file_of_what_is_softened_is_refused(tmp_path, text):
    (tmp_path / "standing.json").write_text(text)
    with pytest.raises(ListError, match="not as it was written"):
        standing.standing(tmp_path)


def test_an_exception_ends_by_itself():
    until = NOON + timedelta(hours=1)
    stands = standing.Standing(allow=(("a.example", stamp(until)),))
    assert stands.allowed(NOON) == ("a.example",)
    assert stands.allowed(until - timedelta(seconds=1)) == ("a.example",)
    assert stands.allowed(until) == ()


def dossier(id_, state, *, approved=True):
    act = Act("ben", "2026-11-23T09:17:05Z") if approved else None
    return Dossier(
        id=id_, site=id_, category="escort-ads", state=state, names=("a.example",), approved=act
    )


def test_entries_that_no_longer_stand_are_softened_and_proposals_change_nothing():
    entries = [
        dossier("disputed", State.DISPUTED),
        dossier("retired", State.RETIRED),
        dossier("turned-down", State.REJECTED),
        dossier("active", State.ACTIVE),
        dossier("due", State.APPROVED),
        dossier("edited", State.PROPOSED),
        dossier("new", State.PROPOSED, approved=False),
        dossier("reopened", State.PROPOSED, approved=False),
    ]
    before = standing.Standing(("reopened", "active", "gone"))
    allowed = [Allowed("b.example", "2026-12-01T00:00:00Z", "why", "ada", "2026-11-23T09:17:05Z")]
    stands = standing.standing_of(entries, allowed, paused=True, before=before)
    assert stands == standing.Standing(
        ("disputed", "reopened", "retired", "turned-down"),
        (("b.example", "2026-12-01T00:00:00Z"),),
        paused=True,
    )
    nothing = standing.Standing()
    assert standing.standing_of([], [], paused=False, before=nothing) == nothing
