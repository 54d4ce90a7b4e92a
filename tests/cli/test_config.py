"""`blockfilter config`: what a person sees, and the exit codes a script sees."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from blockfilter.cli import main
from blockfilter.config import load as loading


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "SYSTEM_FILE", tmp_path / "none.toml")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}

    def run(*arguments, **variables):
        return CliRunner().invoke(main, ["config", *map(str, arguments)], env=environ | variables)

    return run


def test_check_without_a_file_says_that_the_defaults_are_used(run):
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "no file; the defaults are used\n")


def test_check_finds_the_users_file(run, tmp_path):
    file = tmp_path / ".config/blockfilter/blockfilter.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[log]\nlevel = "debug"\n')
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, f"{file}: no mistakes\n")


def test_check_reports_each_mistake_on_a_line_of_its_own(run, tmp_path):
    file = tmp_path / "x.toml"
    file.write_text('[log]\nlevel = "loud"\n[tcp]\npipeline = -1\n')
    result = run("check", file)
    assert result.exit_code == 1
    assert result.stdout == ""
    levels = '"debug", "info", "warning", "error"'
    assert result.stderr.splitlines() == [
        f"blockfilter: tcp.pipeline = -1: write a whole number from 1 to 1000 ({file})",
        f'blockfilter: log.level = "loud": write one of {levels} ({file})',
    ]


def test_check_names_a_file_that_is_missing(run, tmp_path):
    result = run("check", tmp_path / "missing.toml")
    assert result.exit_code == 1
    assert "missing.toml: No such file" in result.stderr


def test_an_unknown_variable_is_a_warning_and_no_failure(run):
    result = run("check", BLOCKFILTER_LOG__LEVLE="debug")
    assert result.exit_code == 0
    assert "warning: BLOCKFILTER_LOG__LEVLE" in result.stderr
    assert "BLOCKFILTER_LOG__LEVEL?" in result.stderr


def test_show_is_a_file_that_check_accepts(run, tmp_path):
    shown = run("show", BLOCKFILTER_TCP__PIPELINE="7")
    assert shown.exit_code == 0
    assert "pipeline = 7" in shown.stdout.splitlines()
    assert "Set by BLOCKFILTER_TCP__PIPELINE." in shown.stdout
    file = tmp_path / "shown.toml"
    file.write_text(shown.stdout)
    assert run("check", file).exit_code == 0
    again = run("show", "--config", file)
    assert "pipeline = 7" in again.stdout.splitlines()
    assert f"Set by {file}." in again.stdout


def test_schema_is_json(run):
    result = run("schema")
    assert result.exit_code == 0
    described = json.loads(result.stdout)
    assert described["properties"]["server"]
    assert described["$schema"].startswith("https://json-schema.org/")


def test_a_help_line_verified_long_ago_is_a_warning_and_no_failure(run):
    result = run("check", BLOCKFILTER_HELP__LAST_VERIFIED="2020-01-01")
    assert result.exit_code == 0
    assert "warning: help.last_verified = 2020-01-01 is more than a year ago" in result.stderr
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "help" not in run("check", BLOCKFILTER_HELP__LAST_VERIFIED=today).stderr
