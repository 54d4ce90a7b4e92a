"""Files of a report: whole and readable, or the ones that were there before."""

import os

import pytest

from blockfilter.errors import StateError
from blockfilter.reports import files


def test_a_file_is_written_whole_into_a_folder_that_is_made(tmp_path):
    path = files.write(tmp_path / "a" / "b", "r.html", "é")
    assert path.read_bytes() == "é".encode()
    assert path.stat().st_mode & 0o777 == files.MODE
    assert os.listdir(path.parent) == ["r.html"]


def test_an_older_file_is_replaced(tmp_path):
    files.write(tmp_path, "r.html", "old")
    assert files.write(tmp_path, "r.html", "new").read_text() == "new"
    assert os.listdir(tmp_path) == ["r.html"]


def test_a_folder_that_is_a_file_is_an_error_with_its_place(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StateError, match=r"taken/r\.html: cannot be written .*; name another"):
        files.write(tmp_path / "taken", "r.html", "x")


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path):
    (tmp_path / "r.html").mkdir()
    with pytest.raises(StateError, match="cannot be written"):
        files.write(tmp_path, "r.html", "x")
    assert os.listdir(tmp_path) == ["r.html"]
