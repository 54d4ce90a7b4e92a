"""A chain tells whether a line of it was altered, dropped, added or moved."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts import audit
from blockfilter.counts.audit import Line

NOW = 1_770_000_000.9
FACTS = st.dictionaries(
    st.text(max_size=6), st.none() | st.booleans() | st.integers() | st.text(max_size=6), max_size=4
).filter(lambda facts: not facts.keys() & {"number", "at", "what"})


def chain(count: int = 5) -> list[Line]:
    lines: list[Line] = []
    for number in range(count):
        lines.append(
            audit.line(lines[-1] if lines else None, NOW + number, "opened", {"n": number})
        )
    return lines


def test_a_line_is_as_documented():
    first, second = chain(2)
    assert first.text == '{"at":"2026-02-02T02:40:00Z","n":0,"number":1,"what":"opened"}'
    assert first.digest == audit.digest(audit.START, first.text)
    assert second.digest == audit.digest(first.digest, second.text)
    assert second.number == 2


@given(FACTS)
def test_what_was_said_can_be_read_and_has_one_form(facts):
    line = audit.line(None, NOW, "opened", facts)
    assert json.loads(line.text) == {
        **facts,
        "number": 1,
        "at": "2026-02-02T02:40:00Z",
        "what": "opened",
    }
    assert audit.canonical(json.loads(line.text)) == line.text


def test_a_whole_chain_has_no_fault():
    assert list(audit.faults([])) == []
    assert list(audit.faults(chain())) == []


@pytest.mark.parametrize("place", range(4))
def test_a_dropped_line_is_found(place):
    lines = chain()
    del lines[place]
    assert list(audit.faults(lines)) == [
        f"audit line {place + 1} is missing: the next one is line {place + 2}"
    ]


@pytest.mark.parametrize("place", range(5))
def test_an_altered_line_is_found(place):
    lines = chain()
    lines[place] = lines[place]._replace(text=lines[place].text.replace("opened", "opened "))
    assert list(audit.faults(lines)) == [f"audit line {place + 1} is not as it was written"]


@pytest.mark.parametrize("place", range(4))
def test_an_altered_line_with_its_own_digest_contradicts_the_next(place):
    lines = chain()
    text = lines[place].text.replace("opened", "closed")
    before = lines[place - 1].digest if place else audit.START
    lines[place] = Line(place + 1, text, audit.digest(before, text))
    assert list(audit.faults(lines)) == [f"audit line {place + 2} is not as it was written"]


def test_lines_that_changed_places_are_found():
    lines = chain()
    lines[1], lines[2] = lines[2]._replace(number=2), lines[1]._replace(number=3)
    assert len(list(audit.faults(lines))) == 3


def test_the_digest_of_figures_depends_on_each_of_them_and_on_their_order():
    figures = [["a", 1, -7, 9], ["b", 0, -8, 8]]
    digest = audit.of_figures(figures)
    assert audit.of_figures([tuple(one) for one in figures]) == digest
    assert audit.of_figures(figures[::-1]) != digest
    for row in range(2):
        for place in range(4):
            changed = [list(one) for one in figures]
            changed[row][place] = "c"
            assert audit.of_figures(changed) != digest
