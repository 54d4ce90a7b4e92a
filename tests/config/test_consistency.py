"""Settings that are right one by one and wrong together."""

from datetime import date
from pathlib import Path

import pytest

from blockfilter.config.consistency import reaches, reminders
from blockfilter.config.load import load
from blockfilter.config.values import listener, server
from blockfilter.errors import ConfigError


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"blocked.answer": "address"}, ["blocked.addresses is empty"]),
        ({"policy.allow": ["a.example", "A.example."]}, ['"a.example" twice']),
        ({"upstream.servers": ["192.0.2.1", "192.0.2.1:53"]}, ['"192.0.2.1:53" twice']),
        (
            {"route": [{"zone": z, "servers": ["192.0.2.1"]} for z in ("x.test", "X.test.")]},
            ['zone "x.test" is there twice'],
        ),
        ({"upstream.servers": ["127.0.0.1:5335"]}, ["127.0.0.1:5335, where blockfilter itself"]),
        (
            {"server.listen": ["0.0.0.0:53"], "upstream.servers": ["127.0.0.2"]},
            ["127.0.0.2:53, where blockfilter itself"],
        ),
        (
            {"route": [{"zone": "x.test", "servers": ["127.0.0.1:5335"]}]},
            ['[[route]] "x.test" has 127.0.0.1:5335'],
        ),
        ({"upstream.try_ms": 600, "upstream.budget_ms": 600}, ["no second try"]),
        ({"tcp.per_client": 501}, ["more than tcp.connections"]),
        ({"server.state": "/x", "server.runtime": "/x"}, ["RAM-backed"]),
    ],
)
def test_a_contradiction_is_reported_with_what_to_do(overrides, said):
    with pytest.raises(ConfigError) as refused:
        load(None, overrides, {})
    assert len(refused.value.problems) == len(said)
    for problem, part in zip(refused.value.problems, said, strict=True):
        assert part in problem
        assert "(command line)" in problem


@pytest.mark.parametrize(
    "overrides",
    [
        {"blocked.answer": "address", "blocked.addresses": ["192.0.2.1"]},
        {"upstream.servers": ["127.0.0.1:53"]},
        {"list": [{"file": "/x"}, {"file": "/y"}]},
        {"server.state": "/x", "server.runtime": "/x/runtime"},
    ],
)
def test_what_fits_together_is_taken(overrides):
    load(None, overrides, {})


@pytest.mark.parametrize(
    ("to", "at", "does"),
    [
        ("127.0.0.1:53", "127.0.0.1:53", True),
        ("127.0.0.1:53", "127.0.0.1:5335", False),
        ("127.0.0.53:53", "0.0.0.0:53", True),
        ("127.0.0.53:53", "[::]:53", True),  # such a socket may take IPv4 as well
        ("[::1]:53", "0.0.0.0:53", False),
        ("[::1]:53", "[::]:53", True),
        ("192.0.2.1:53", "0.0.0.0:53", False),  # for all that is known here
    ],
)
def test_a_server_reaches_a_listener_as_far_as_addresses_tell(to, at, does):
    assert reaches(server(to), listener(at)) is does


def test_a_list_that_is_missing_is_the_list_loaders_to_report(tmp_path):
    assert load(None, {"list": [{"file": str(tmp_path / "x")}]}, {}).list[0].file == Path(
        tmp_path / "x"
    )


@pytest.mark.parametrize(
    ("verified", "said"),
    [
        ("2026-11-20", None),
        ("2025-11-20", None),  # a year to the day
        ("2025-11-19", "help.last_verified = 2025-11-19 is more than a year ago; call 116006, "),
        ("2026-11-21", "help.last_verified = 2026-11-21 is after today"),
    ],
)
def test_a_help_line_is_to_be_verified_once_a_year(verified, said):
    settings = load(None, {"help.last_verified": verified, "help.phone": "116006"}, {})
    found = list(reminders(settings, date(2026, 11, 20)))
    assert len(found) == (said is not None)
    assert all(said and one.startswith(said) for one in found)
