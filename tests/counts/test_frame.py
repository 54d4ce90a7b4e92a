"""What is frozen keeps its meaning through its text."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockfilter.counts.frame import Facts, Frame, FramedOffice

OFFICES = st.builds(
    FramedOffice, st.text(max_size=12), st.integers(0, 10**6),
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
)  # fmt: skip
FRAMES = st.builds(
    Frame,
    quarter=st.just("2026-Q2"),
    heads=st.integers(0, 10**6),
    offices=st.lists(OFFICES, max_size=4).map(tuple),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    addresses_per_device=st.integers(1, 4),
)


@given(FRAMES)
def test_a_frame_is_what_its_text_says(frame):
    assert Frame.read(frame.text()) == frame
    assert Frame.read(frame.text()).text() == frame.text()


@given(FRAMES, FRAMES)
def test_two_frames_of_one_text_are_one(one, other):
    assert (one == other) == (one.text() == other.text())


def test_the_text_is_as_documented():
    frame = Frame(quarter="2026-Q2", heads=900, offices=(FramedOffice("hq", 900, ("10.0.0.0/8",)),))
    assert frame.text() == (
        '{"addresses_per_device":1,"heads":900,"offices":[["hq",900,["10.0.0.0/8"]]],'
        '"quarter":"2026-Q2","zone":"UTC"}'
    )


def test_facts_freeze_what_decides_and_nothing_else():
    facts = Facts(
        heads=900,
        offices=(FramedOffice("hq", 300),),
        categories={"escort-ads": 100},
        zone="Europe/Berlin",
        addresses_per_device=2,
        release="12",
    )
    frame = facts.frame("2026-Q3")
    assert frame == Frame(
        quarter="2026-Q3",
        heads=900,
        offices=(FramedOffice("hq", 300),),
        zone="Europe/Berlin",
        addresses_per_device=2,
    )
    assert "escort" not in frame.text()


def test_a_frame_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Facts().frame("2026-Q1").heads = 5  # type: ignore[misc]


def test_facts_without_a_headcount_know_nobody():
    assert Facts().heads == 0
