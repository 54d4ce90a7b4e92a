"""The journal's lines: one text for each, each after the ones before it, none lost unseen."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.catalog import changelog, identity, verify
from blockfilter.catalog.changelog import Writer
from blockfilter.catalog.folder import JOURNAL, sha256
from blockfilter.errors import ListError
from tests.catalogs import ADA, BEN, WIDE, Catalogue, made

AT = "2026-11-23T09:17:05Z"


def write(folder, *octets):
    (folder / JOURNAL).write_bytes(b"".join(octets))
    return changelog.read(folder)


def some(count, actor=ADA, lines=()):
    writer = Writer(lines, actor)
    return [writer.line(at=AT, what="resume", why=f"reason {number}") for number in range(count)]


def test_a_line_is_canonical_json_in_one_line(tmp_path):
    (octets,) = [
        Writer((), ADA).line(at=AT, what="propose", id="ads", why="ä\n", entry={"b": 1, "a": 2})
    ]
    assert octets.decode() == (
        '{"at":"2026-11-23T09:17:05Z","by":"ada","entry":{"a":2,"b":1},"facts":{},"id":"ads",'
        '"previous":[],"signature":null,"what":"propose","why":"ä\\n"}\n'
    )
    (line,) = write(tmp_path, octets)
    assert (line.number, line.by, line.why, line.entry) == (1, "ada", "ä\n", {"a": 2, "b": 1})
    assert line.digest == sha256(octets.removesuffix(b"\n"))


@given(st.text(), st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_what_is_written_is_read(tmp_path_factory, why, facts):
    folder = tmp_path_factory.mktemp("journal")
    try:
        why.encode(), json.dumps(facts, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    (line,) = write(folder, Writer((), ADA).line(at=AT, what="resume", why=why, facts=facts))
    assert (line.why, line.facts) == (why, facts)


def test_each_line_names_the_one_before_it(tmp_path):
    lines = write(tmp_path, *some(3))
    assert [line.previous for line in lines] == [(), (lines[0].digest,), (lines[1].digest,)]
    assert changelog.heads(lines) == (lines[2].digest,)
    after = write(tmp_path, *some(3), *some(1, BEN, lines))
    assert after[3].previous == (lines[2].digest,)


def test_no_journal_has_no_lines(tmp_path):
    assert changelog.read(tmp_path) == ()
    assert write(tmp_path) == ()
    assert changelog.heads(()) == ()


def test_a_signature_is_over_the_line_without_it(tmp_path):
    public = identity.keygen(tmp_path / "ada", None)
    signer = identity.Signer("ada", identity.secret_key(tmp_path / "ada", None))
    (line,) = write(tmp_path, *some(1, identity.Actor("ada", signer)))
    assert line.signature
    assert identity.verify(public, line.signed, line.signature) == f"journal {AT}"
    value = json.loads(line.octets)
    del value["signature"]
    assert line.signed == changelog.canonical(value)


def test_the_first_broken_line_is_named_by_its_number(tmp_path):
    good = some(4)

    def broken(octets):
        with pytest.raises(ListError) as caught:
            write(tmp_path, good[0], good[1], octets, good[2], b"garbage\n")
        return str(caught.value)

    value = json.loads(good[2])
    wrong = [
        b"\n",
        b"garbage\n",
        b"\xff\n",
        b"[]\n",
        b"{" * 100_000 + b"\n",
        good[2].replace(b'"at":', b'"At":'),
        good[2].replace(b'"by":"ada"', b'"by":1'),
        good[2].replace(b'"facts":{}', b'"facts":[]'),
        good[2].replace(b'"entry":null', b'"entry":""'),
        good[2].replace(b'"signature":null', b'"signature":0'),
        good[2].replace(AT.encode(), b"yesterday"),
        good[2].replace(b'"previous":["', b'"previous":["0'),
        changelog.canonical(value | {"more": 1}) + b"\n",
        changelog.canonical({key: value[key] for key in value if key != "why"}) + b"\n",
        # The same said in other octets: there is one text for a line.
        good[2].replace(b'"by":', b'"by": '),
        good[2].replace(b'"by":"ada"', b'"by":"eve","by":"ada"'),
        good[2].replace(b"reason", b"\\u0072eason"),
        json.dumps(value).encode() + b"\n",
        good[2].replace(b"\n", b"\r\n"),
    ]
    for octets in wrong:
        assert "line 3 is no journal line; take the journal back" in broken(octets), octets[:80]


def test_a_last_line_cut_short_anywhere_is_named(tmp_path):
    good = b"".join(some(3))
    last = good.rindex(b'{"at"')
    for end in range(last + 1, len(good)):
        with pytest.raises(ListError, match="line 3 is cut short"):
            write(tmp_path, good[:end])
    assert len(write(tmp_path, good[:last])) == 2


def test_a_line_that_is_there_twice_is_named(tmp_path):
    one, two, three = some(3)
    with pytest.raises(ListError, match="line 3 is there twice; remove it"):
        write(tmp_path, one, two, two, three)
    with pytest.raises(ListError, match="line 4 is there twice"):
        write(tmp_path, one, two, three, one)


def test_a_journal_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    write(tmp_path, *some(1))
    monkeypatch.setattr(changelog, "MAX_JOURNAL", 10)
    with pytest.raises(ListError, match="is larger than 10 octets"):
        changelog.read(tmp_path)
    monkeypatch.undo()
    (tmp_path / JOURNAL).unlink()
    (tmp_path / JOURNAL).mkdir()
    with pytest.raises(ListError, match="cannot be read"):
        changelog.read(tmp_path)


def git(folder, *words):
    identity_ = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity_, *words], cwd=folder, check=True, capture_output=True)


def branched(tmp_path, merge="other", into="main"):
    """A catalogue of which two branches were merged; each proposed and approved an entry."""
    catalogue = made(tmp_path / "catalogue", names=["a.example"], released=False)
    git(catalogue.path, "init", "-q", "-b", "main")
    for branch, title in (("other", "Theirs"), ("main", "Ours")):
        git(catalogue.path, "add", "-A")
        git(catalogue.path, "commit", "-q", "-m", title, "--allow-empty")
        if branch == "other":
            git(catalogue.path, "checkout", "-q", "-b", branch)
        else:
            git(catalogue.path, "checkout", "-q", branch)
        catalogue.site(title, [f"{title.lower()}.example"])
    git(catalogue.path, "add", "-A")
    git(catalogue.path, "commit", "-q", "-m", "two")
    git(catalogue.path, "checkout", "-q", into)
    git(catalogue.path, "merge", "-q", "--no-edit", merge)
    return catalogue


@pytest.mark.parametrize(("merge", "into"), [("other", "main"), ("main", "other")])
def test_after_a_merge_the_next_line_follows_both_branches(tmp_path, merge, into):
    catalogue = branched(tmp_path, merge, into)
    lines = changelog.read(catalogue.path)
    assert len(lines) == 6
    heads = changelog.heads(lines)
    assert set(heads) == {lines[3].digest, lines[5].digest}
    assert verify.verify(catalogue.path, WIDE) == []
    catalogue.site("Later", ["later.example"])
    assert changelog.read(catalogue.path)[6].previous == heads
    assert verify.verify(catalogue.path, WIDE) == []


def test_a_branch_that_is_cut_off_after_the_merge_is_missed(tmp_path):
    catalogue = branched(tmp_path)
    catalogue.site("Later", ["later.example"])
    lines = [line.octets + b"\n" for line in changelog.read(catalogue.path)]
    (catalogue.path / JOURNAL).write_bytes(b"".join(lines[:5] + lines[6:]))
    (first, *_) = verify.verify(catalogue.path, WIDE)
    assert first.place == "journal.jsonl: line 5"
    assert "a line after it is missing" in first.sentence


def test_a_last_line_that_is_gone_is_known_by_what_it_did(tmp_path):
    """The chain cannot tell: no line follows it. What it changed in the folder can."""
    catalogue = made(tmp_path / "catalogue", names=["a.example"], released=False)
    last = "listed-site"

    def findings(act):
        act()
        octets = (catalogue.path / JOURNAL).read_bytes()
        assert verify.verify(catalogue.path, WIDE) == []
        cut = octets[: octets.rstrip(b"\n").rindex(b"\n") + 1]
        (catalogue.path / JOURNAL).write_bytes(cut)
        found = [(one.rule, one.place) for one in verify.verify(catalogue.path, WIDE)]
        (catalogue.path / JOURNAL).write_bytes(octets)
        return found

    def keeper(act, *how):
        return lambda: getattr(Catalogue(catalogue.path).keeper(BEN), act)(*how)

    file = f"sites/{last}.toml: {last}"
    assert findings(keeper("move", last, "dispute", "x")) == [("entry", file)]
    assert findings(keeper("move", last, "activate", "x")) == [("entry", file)]
    until = catalogue.now.replace(day=30)
    assert findings(keeper("allow", "b.example", until, "x")) == [("allow", "allow.toml")]
    assert findings(keeper("disallow", "b.example", "x")) == [("allow", "allow.toml")]
    assert ("release", "releases/1.json") in findings(catalogue.release)
    public = identity.keygen(tmp_path / "ada", None)
    assert findings(keeper("enrol", "ada", public, "")) == [("key", "maintainers.toml: ada")]
