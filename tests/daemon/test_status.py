"""The status file."""

import json

import pytest

from blockfilter.daemon import status


def test_the_file_is_replaced_whole_and_taken_back(tmp_path):
    status.write(tmp_path, {"pid": 1})
    status.write(tmp_path, {"pid": 2})
    facts = json.loads((tmp_path / "status.json").read_text())
    assert facts["pid"] == 2
    assert facts["updated"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
    status.withdraw(tmp_path)
    status.withdraw(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_an_oserror_and_leaves_the_old_file(tmp_path):
    status.write(tmp_path, {"pid": 1})
    with pytest.raises(TypeError):
        status.write(tmp_path, {"pid": object()})
    assert json.loads((tmp_path / "status.json").read_text())["pid"] == 1
    with pytest.raises(OSError, match="No such file"):
        status.write(tmp_path / "gone", {"pid": 1})
