"""Troubles are said once, and in words that name nobody."""

import logging

from blockfilter.errors import StateError
from blockfilter.hits.trouble import Trouble, Troubles


def test_a_trouble_is_logged_when_it_begins_and_when_it_is_over(caplog):
    caplog.set_level(logging.DEBUG)
    troubles = Troubles()
    for _ in range(3):
        troubles.begin(Trouble.WRITE, OSError(28, "No space left on device"))
    assert "No space left on device" in troubles.detail()
    for _ in range(3):
        troubles.end(Trouble.WRITE)
    assert troubles.detail() == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_the_message_of_a_foreign_exception_is_not_repeated():
    troubles = Troubles()
    troubles.begin(Trouble.FAULT, ValueError("192.0.2.1 asked for something"))
    troubles.begin(Trouble.MOVE, StateError("the day's file cannot be opened"))
    assert "192.0.2.1" not in troubles.detail()
    assert "ValueError" in troubles.detail()
    assert "the day's file cannot be opened" in troubles.detail()


def test_several_troubles_are_shown_together():
    troubles = Troubles()
    troubles.begin(Trouble.WRITE)
    troubles.begin(Trouble.MOVE)
    troubles.end(Trouble.WRITE)
    assert troubles.detail() == Trouble.MOVE.value
