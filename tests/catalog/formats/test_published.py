"""Published lists read by us and by the engines of their formats: the same verdict on every name.

The lists are no part of the repository; without them the tests are skipped. Where an engine means
something else by a line, the difference has its name here.
"""

import pytest

from blockfilter.catalog import suffixes
from blockfilter.catalog.formats import detect, reading
from blockfilter.catalog.formats.listing import Refused
from blockfilter.errors import ListError
from blockfilter.message import name as names
from blockfilter.policy.rule import Mode, Role, RuleList
from tests.catalog.shared import shared_data
from tests.policy.rules import policy as rules_of

FOLDER = shared_data()
FILES = sorted((FOLDER / "lists").glob("[!v]*/*")) if FOLDER else []
NO_LIST = {"ghosts-text.hosts"}  # prose: no line of it is an entry
# Bare names in a hosts file: dnsmasq skips them, we take each with all below it.
BARE_NAMES = {"ghosts-mash.hosts": {"one.com", "two.com", "three.com", "six.com", "seven.com"}}
# Names below a single label: here it is refused, as all sites of a TLD would be blocked.
SINGLE_LABEL = {"unbound-rpz-qname.rpz": {"1.a"}}
# A list in one format may hold nothing that another format does not say as well.
ALSO = {"wildcard": {"wildcard", "domains"}, "hosts": {"hosts", "domains"}}


@pytest.fixture(scope="module")
def wide():
    return suffixes.read(suffixes.suffix_file()).icann


def policy(path, format_, wide):
    """What a server would decide by this list alone, and what was refused."""
    refused = Refused()
    rules = reading.rules(
        path, format_, category="other", mode=Mode.ENFORCE, wide=wide, refused=refused
    )
    return rules_of([RuleList("published", Role.BLOCK, rules)], []), refused


@pytest.mark.skipif(not FILES, reason="the published lists are not here")
def test_all_of_them_are_here():
    assert len(FILES) == 18
    assert len({path.parent.name for path in FILES}) == 8


@pytest.mark.skipif(not FILES, reason="the published lists are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_format_is_told_by_its_looks(path):
    format_ = path.parent.name
    assert detect(path) in ALSO.get(format_, {format_})


@pytest.mark.skipif(not FILES, reason="the published lists are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_verdict_is_that_of_the_formats_engine(path, wide):
    verdicts = path.parents[1] / "verdicts" / f"{path.parent.name}__{path.name}.tsv"
    expected = dict(line.split("\t") for line in verdicts.read_text("utf-8").splitlines())
    assert expected
    if path.name in NO_LIST:
        assert set(expected.values()) == {"open"}
        with pytest.raises(ListError, match="no usable line"):
            policy(path, path.parent.name, wide)
        return
    decided, refused = policy(path, path.parent.name, wide)
    bare = BARE_NAMES.get(path.name, set())
    single = SINGLE_LABEL.get(path.name, set())
    assert any("single label" in cause for cause in refused.causes) or not single
    differing = {
        name
        for name, verdict in expected.items()
        if decided.decide(names.from_text(name)).blocks != (verdict == "blocked")
    }
    explained = {name for name in differing if any(f".{name}".endswith(f".{b}") for b in bare)}
    assert differing == explained | single
