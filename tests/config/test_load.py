"""Sources over each other, and every mistake of all of them in one report."""

import logging
import subprocess
import sys
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from blockfilter.config import load as loading
from blockfilter.config.load import default_file, load, read, variable
from blockfilter.config.settings import ListFile, Route, Settings
from blockfilter.config.values import Endpoint
from blockfilter.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_system_file(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "SYSTEM_FILE", tmp_path / "none.toml")


@pytest.fixture
def write(tmp_path: Path):
    def to_file(text: str) -> Path:
        file = tmp_path / "blockfilter.toml"
        file.write_text(text, "utf-8")
        return file

    return to_file


def problems_of(
    path: Path | None = None,
    overrides: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        read(path, overrides or {}, environ or {})
    return refused.value.problems


def test_without_any_source_the_defaults_are_in_force():
    assert load(None, {}, {}) == Settings()


def test_defaults_need_no_pydantic():
    code = (
        "import sys; from blockfilter.config.load import load; load(None, {}, {});"
        "assert not any(m.startswith('pydantic') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_defaults_are_themselves_valid(write):
    from blockfilter.config.show import show

    assert read(write("\n".join(show(Settings(), {}))), {}, {}).settings == Settings()


def test_command_line_goes_over_environment_over_file_over_default(write):
    file = write('[server]\nlisten = ["127.0.0.1:1"]\n[tcp]\npipeline = 1\nidle_seconds = 1\n')
    environ = {"BLOCKFILTER_TCP__PIPELINE": "2", "BLOCKFILTER_SERVER__LISTEN": "127.0.0.1:2"}
    loaded = read(file, {"server.listen": ["127.0.0.1:3"]}, environ)
    assert loaded.settings.server.listen == (Endpoint("127.0.0.1", 3),)
    assert (loaded.settings.tcp.pipeline, loaded.settings.tcp.idle_seconds) == (2, 1)
    assert loaded.settings.tcp.connections == Settings().tcp.connections
    assert loaded.origins == {
        "server.listen": "command line",
        "tcp.pipeline": "BLOCKFILTER_TCP__PIPELINE",
        "tcp.idle_seconds": str(file),
    }


def test_values_are_normalised(write):
    settings = load(
        write(
            """
            [server]
            clients = ["::ffff:10.0.0.0/104"]
            [blocked]
            answer = "address"
            addresses = ["192.0.2.9", "2001:db8::9"]
            [policy]
            allow = ["WWW.Example.com."]
            [[route]]
            zone = "Corp.Example."
            servers = ["192.0.2.1", "[fe80::1%lo]:5353"]
            """
        ),
        {},
        {},
    )
    assert settings.server.clients == (ip_network("10.0.0.0/8"),)
    assert settings.blocked.addresses == (ip_address("192.0.2.9"), ip_address("2001:db8::9"))
    assert settings.policy.allow == ("www.example.com",)
    servers = (Endpoint("192.0.2.1", 53), Endpoint("fe80::1%lo", 5353))
    assert settings.route == (Route("corp.example", servers),)


def test_every_mistake_is_reported_at_once_with_key_value_and_remedy(write):
    file = write(
        """
        bogus = 1
        log = 5
        [server]
        listen = ["127.0.0.1:5335", "nonsense"]
        lisen = []
        [tcp]
        connections = "7"
        pipeline = 0
        [special]
        onion = 1
        [blocked]
        answer = "adress"
        [[route]]
        servers = []
        [counts]
        addresses_per_device = 9
        [policy]
        allow = ["a.example", "A.example."]
        [[list]]
        file = ""
        """
    )
    problems = problems_of(
        file, {"upstream.servers": ["dns.example"]}, {"BLOCKFILTER_CACHE__MAX_BYTES": "lots"}
    )
    expected = [
        ("log = 5", "[log]", str(file)),
        ('server.listen[1] = "nonsense"', 'like "192.0.2.1"', str(file)),
        ("server.lisen is no setting", "server.listen", str(file)),
        ('upstream.servers[0] = "dns.example"', "192.0.2.1", "command line"),
        ('blocked.answer = "adress"', '"nxdomain", "nodata", "address"', str(file)),
        ("special.onion = 1", "true or false", str(file)),
        ('cache.max_bytes = "lots"', "a whole number from", "BLOCKFILTER_CACHE__MAX_BYTES"),
        ('tcp.connections = "7"', "a whole number from 1 to", str(file)),
        ("tcp.pipeline = 0", "a whole number from 1 to 1000", str(file)),
        ("counts.addresses_per_device = 9", "a whole number from 1 to 8", str(file)),
        ("route[0].zone is missing", "corp.example", str(file)),
        ("route[0].servers = []", "a list", str(file)),
        ('list[0].file = ""', "no path", str(file)),
        ("bogus is no setting", "server, upstream", str(file)),
        ("policy.allow", '"a.example" twice', str(file)),
    ]
    assert len(problems) == len(expected)
    for problem, parts in zip(problems, expected, strict=True):
        assert all(part in problem for part in parts), problem


def test_a_mistake_is_not_reported_again_by_what_follows_from_it(write):
    file = write('[blocked]\nanswer = "address"\naddresses = ["no"]\n[server]\nlisten = ["x"]\n')
    problems = problems_of(file)
    assert [problem.split(" = ")[0] for problem in problems] == [
        "server.listen[0]",
        "blocked.addresses[0]",
    ]


def test_a_key_in_the_wrong_table_is_found_where_it_belongs(write):
    (problem,) = problems_of(write("[server]\npipeline = 5\n"))
    assert "did you mean tcp.pipeline?" in problem


def test_one_table_in_the_place_of_many_is_told_how_to_be_written(write):
    (problem,) = problems_of(write('[route]\nzone = "corp.example"\n'))
    assert "[[route]]" in problem


def test_a_long_wrong_value_is_cut(write):
    (problem,) = problems_of(write(f'[log]\nlevel = "{"x" * 5000}"\n'))
    assert len(problem) < 300


def test_a_syntax_error_has_its_line_and_column_and_hides_no_other_mistake(write):
    file = write("[server]\nlisten = = 5\n")
    first, second = problems_of(file, environ={"BLOCKFILTER_LOG__LEVEL": "loud"})
    assert first.startswith(f"{file}:2:10: ")
    assert "BLOCKFILTER_LOG__LEVEL" in second


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"[log]\n\xff\xfe", "line 2 is not UTF-8"),
        (b"#" * (loading.MAX_FILE + 1), "larger than 1 MiB"),
        (b"x = " + b"[" * 5000, "nested"),
        (b"[log", ":1:"),
    ],
)
def test_what_is_no_configuration_is_a_mistake_and_not_a_crash(tmp_path, octets, said):
    file = tmp_path / "x.toml"
    file.write_bytes(octets)
    (problem,) = problems_of(file)
    assert str(file) in problem
    assert said in problem


def test_a_named_file_must_be_there(tmp_path):
    (problem,) = problems_of(tmp_path / "missing.toml")
    assert "No such file" in problem
    (problem,) = problems_of(tmp_path)
    assert "directory" in problem


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    file = tmp_path / "x.toml"
    file.write_bytes(b'\xef\xbb\xbf[log]\r\nlevel = "debug"\r\n')
    assert load(file, {}, {}).log.level == "debug"


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("BLOCKFILTER_LOG__LEVEL", "debug", "log.level", "debug"),
        ("BLOCKFILTER_CACHE__MAX_BYTES", "1_000_000", "cache.max_bytes", 1_000_000),
        ("BLOCKFILTER_UPSTREAM__TRUST_AD", "True", "upstream.trust_ad", True),
        ("BLOCKFILTER_SERVER__STATE", "/var/lib/5", "server.state", Path("/var/lib/5")),
        ("BLOCKFILTER_POLICY__ALLOW", "A.example, b.example", "policy.allow", ("a.example", "b.example")),
        ("BLOCKFILTER_POLICY__ALLOW", '["a.example"]', "policy.allow", ("a.example",)),
        ("BLOCKFILTER_POLICY__ALLOW", "", "policy.allow", ()),
        ("BLOCKFILTER_LIST", '[{file = "/x", mode = "monitor"}]', "list", (ListFile(Path("/x"), "monitor"),)),
    ],
)  # fmt: skip
def test_a_variable_sets_its_setting(name, text, key, value):
    found = load(None, {}, {name: text})
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BLOCKFILTER_CACHE__MAX_BYTES", ""),
        ("BLOCKFILTER_CACHE__MAX_BYTES", "5\nx = 1"),
        ("BLOCKFILTER_CACHE__MAX_BYTES", "1.5"),
        ("BLOCKFILTER_UPSTREAM__TRUST_AD", "yes"),
        ("BLOCKFILTER_POLICY__ALLOW", "[a.example]"),
        ("BLOCKFILTER_POLICY__ALLOW", "[1]"),
        ("BLOCKFILTER_LIST", "own.txt"),
        ("BLOCKFILTER_ROUTE", "[{zone = 1}]"),
        ("BLOCKFILTER_LOG__LEVEL", ""),
    ],
)
def test_a_known_variable_with_a_wrong_value_is_a_mistake_of_its_own(name, text):
    problems = problems_of(environ={name: text})
    assert problems
    assert all(name in problem for problem in problems)


def test_an_unknown_variable_is_only_warned_of(caplog):
    environ = {"BLOCKFILTER_CACHE__MAX_BITES": "secret", "BLOCKFILTER": "x", "PATH": "/bin"}
    with caplog.at_level(logging.WARNING):
        assert load(None, {}, environ) == Settings()
    (warning,) = caplog.messages
    assert "did you mean BLOCKFILTER_CACHE__MAX_BYTES?" in warning
    assert "secret" not in warning


def test_every_setting_has_a_variable_of_its_own():
    from blockfilter.config import fields

    names = [variable(key) for key, _ in fields.every_key()]
    assert len(set(names)) == len(names) > 30
    assert "BLOCKFILTER_LOG__LEVEL" in names


def test_lists_of_the_command_line_are_added_and_all_else_replaces(write, tmp_path, monkeypatch):
    file = write('[[list]]\nfile = "own.txt"\n[policy]\nallow = ["a.example"]\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    settings = load(file, {"list": [{"file": "more.txt"}], "policy.allow": ["b.example"]}, {})
    assert [one.file for one in settings.list] == [tmp_path / "own.txt", elsewhere / "more.txt"]
    assert settings.policy.allow == ("b.example",)


def test_a_relative_path_starts_at_the_file_that_holds_it(write, tmp_path):
    settings = load(write('[server]\nstate = "state"\nruntime = "/run/x"\n'), {}, {})
    assert settings.server.state == tmp_path / "state"
    assert settings.server.runtime == Path("/run/x")


def test_the_users_file_comes_before_the_systems(tmp_path, monkeypatch):
    system, user = tmp_path / "system.toml", tmp_path / "config/blockfilter/blockfilter.toml"
    monkeypatch.setattr(loading, "SYSTEM_FILE", system)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": "/nowhere"}
    assert default_file(environ) is None
    system.write_text('[log]\nlevel = "error"\n')
    assert default_file(environ) == system
    assert load(None, {}, environ).log.level == "error"
    user.parent.mkdir(parents=True)
    user.write_text("")
    assert default_file(environ) == user
    assert default_file({"XDG_CONFIG_HOME": "config"}) == system  # relative: ignored, says XDG
    assert default_file({}) == system


@pytest.mark.parametrize("written", ["2026-01-31", '"2026-01-31"'])
def test_a_date_may_be_one_of_tomls_or_a_text(write, written):
    file = write(f'[help]\nname = "Hilfe"\nphone = "116006"\nlast_verified = {written}\n')
    found = load(file, {}, {"BLOCKFILTER_HELP__TEXT": "233733"}).help
    assert (found.name, found.phone, found.text) == ("Hilfe", "116006", "233733")
    assert found.last_verified == date(2026, 1, 31)


def test_a_help_line_that_is_none_is_a_mistake(write):
    file = write('[help]\nphone = "call us"\nlast_verified = 2026-01-31T12:00:00Z\nweb = "a b"\n')
    problems = problems_of(file)
    assert [problem.split(" = ")[0] for problem in problems] == [
        "help.phone",
        "help.web",
        "help.last_verified",
    ]
