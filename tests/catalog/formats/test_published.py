"""Published lists read by us and by the engines of their formats: the same verdict on every name.

The lists are no part of the repository; without them the tests are skipped. Where an engine means
something else by a line, the difference has its name here.
"""

import pytest

from blockfilter.catalog import suffixes
from blockfilter.catalog.formats import plain
from blockfilter.errors import ListError
from blockfilter.policy.rule import Mode, Trigger
from tests.catalog.shared import shared_data

FOLDER = shared_data()
FILES = sorted([*FOLDER.glob("lists/hosts/*"), *FOLDER.glob("lists/domains/*")] if FOLDER else [])
NO_LIST = {"ghosts-text.hosts"}  # prose: no line of it is an entry
# Bare names in a hosts file: dnsmasq skips them, we take each with all below it.
BARE_NAMES = {"ghosts-mash.hosts": {"one.com", "two.com", "three.com", "six.com", "seven.com"}}


def naive(path):
    """The names of a list's rules as text, found by a reading that knows no fast way."""
    wide = suffixes.read(suffixes.suffix_file()).icann
    exact: set[str] = set()
    below: set[str] = set()
    for rule in plain.rules(path, Mode.ENFORCE, wide, plain.Refused()):
        labels, at = [], 0
        while length := rule.value[at]:
            labels.append(rule.value[at + 1 : at + 1 + length].decode())
            at += 1 + length
        (exact if rule.trigger is Trigger.EXACT else below).add(".".join(labels))
    return exact, below


def is_blocked(name, exact, below):
    labels = name.split(".")
    return name in exact or any(".".join(labels[at:]) in below for at in range(len(labels)))


@pytest.mark.skipif(not FILES, reason="the published lists are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_verdict_is_that_of_the_formats_engine(path):
    verdicts = path.parents[1] / "verdicts" / f"{path.parent.name}__{path.name}.tsv"
    expected = dict(line.split("\t") for line in verdicts.read_text("utf-8").splitlines())
    assert expected
    if path.name in NO_LIST:
        assert set(expected.values()) == {"open"}
        with pytest.raises(ListError, match="no usable line"):
            naive(path)
        return
    exact, below = naive(path)
    bare = BARE_NAMES.get(path.name, set())
    assert below == bare or path.parent.name == "domains"
    differing = {
        name
        for name, verdict in expected.items()
        if is_blocked(name, exact, below) != (verdict == "blocked")
    }
    explained = {name for name in differing if is_blocked(name, set(), bare)}
    assert differing == explained
