"""A look goes through the configured upstreams and nowhere else, by command and by the clock."""

import asyncio
import json
import logging

import pytest

from blockfilter.catalog import looks
from blockfilter.daemon import looking
from blockfilter.daemon.errands import Errands
from blockfilter.errors import ConfigError
from blockfilter.message import codec
from blockfilter.message import name as names
from tests.catalogs import made
from tests.fakes import ScriptedUpstream, addressed, always, by_name, closed_port, in_turn, silent

ADS = names.from_text("ads.example") + b"\0\1\0\1"


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path, monkeypatch):
    """No configuration but the test's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def configured(tmp_path, text):
    file = tmp_path / "blockfilter.toml"
    file.write_text(text)
    return file


def spelled(upstream):
    return "{}:{}".format(*upstream.address)


def ask(config_file, upstreams, *questions):
    """What comes back for each question."""

    async def main():
        async with looking.exchange(config_file, upstreams) as exchange:
            return [await exchange(question) for question in questions]

    return asyncio.run(main())


def addresses(message):
    assert message is not None
    return [".".join(map(str, one)) for one in codec.read_found(message).addresses]


def test_the_configured_upstreams_are_asked(tmp_path):
    with ScriptedUpstream(addressed("192.0.2.7")) as upstream:
        file = configured(tmp_path, f'[upstream]\nservers = ["{spelled(upstream)}"]\n')
        (message,) = ask(file, (), ADS)
        assert addresses(message) == ["192.0.2.7"]
        (query,) = upstream.received
        assert (query.name, query.qtype) == ("ads.example.", "A")
        assert query.flags == 0x0100  # RD and nothing else


def test_those_of_the_command_line_stand_in_their_place(tmp_path):
    with ScriptedUpstream(addressed()) as configured_one, ScriptedUpstream(addressed()) as given:
        file = configured(tmp_path, f'[upstream]\nservers = ["{spelled(configured_one)}"]\n')
        ask(file, (spelled(given),), ADS)
        assert (len(configured_one.received), len(given.received)) == (0, 1)


def test_a_routed_zone_goes_to_its_own_resolvers_only(tmp_path):
    with (
        ScriptedUpstream(addressed("192.0.2.1")) as upstream,
        ScriptedUpstream(addressed("192.0.2.2")) as inside,
    ):
        file = configured(
            tmp_path,
            f'[upstream]\nservers = ["{spelled(upstream)}"]\n'
            f'[[route]]\nzone = "example"\nservers = ["{spelled(inside)}"]\n',
        )
        other = names.from_text("ads.test") + b"\0\1\0\1"
        root = names.ROOT + b"\0\2\0\1"
        first, second, _ = ask(file, (), ADS, other, root)
        assert addresses(first) == ["192.0.2.2"]
        assert addresses(second) == ["192.0.2.1"]
        assert [one.name for one in inside.received] == ["ads.example."]
        assert [one.name for one in upstream.received] == ["ads.test.", "."]


def test_special_names_are_asked_for_like_any_other(tmp_path):
    with ScriptedUpstream(addressed("192.0.2.7")) as upstream:
        (message,) = ask(
            None, (spelled(upstream),), names.from_text("use-application-dns.net") + b"\0\1\0\1"
        )
        assert addresses(message) == ["192.0.2.7"]


def test_one_that_does_not_answer_is_no_answer(tmp_path):
    host, port = closed_port()
    file = configured(tmp_path, "[upstream]\ntry_ms = 50\nbudget_ms = 500\n")
    assert ask(file, (f"{host}:{port}",), ADS) == [None]
    with ScriptedUpstream(silent) as upstream:
        assert ask(file, (spelled(upstream),), ADS) == [None]


def test_a_failure_is_told_as_it_is_and_a_second_upstream_is_asked(tmp_path):
    failing = always(rcode="SERVFAIL")
    with ScriptedUpstream(failing) as one, ScriptedUpstream(failing) as other:
        (message,) = ask(None, (spelled(one), spelled(other)), ADS)
        assert message is not None
        assert codec.read_found(message).rcode == 2
        assert len(one.received) == len(other.received) == 1


def test_a_look_that_is_given_up_leaves_nothing_behind():
    with ScriptedUpstream(in_turn(silent, addressed())) as upstream:

        async def main():
            async with looking.exchange(None, (spelled(upstream),)) as exchange:
                asked = asyncio.ensure_future(exchange(ADS))
                await asyncio.to_thread(upstream.wait_for, 1)
                asked.cancel()
                return await exchange(ADS)

        assert addresses(asyncio.run(main()))


def test_mistakes_of_the_configuration_are_told(tmp_path):
    with pytest.raises(ConfigError, match="not-there"):
        ask(tmp_path / "not-there.toml", (), ADS)
    with pytest.raises(ConfigError, match=r"upstream\.servers"):
        ask(None, ("resolver.example",), ADS)


# The errand of a server.


@pytest.fixture
def catalogue(tmp_path):
    made_ = made(tmp_path / "own", names=["ads.example"], released=False)
    made_.move("listed-site", "activate")
    return made_.path


def resolver():
    """Knows the root's servers and that ads.example is not there."""
    return by_name(
        {".": always(". 60 IN NS a.root-servers.net.")}, otherwise=always(rcode="NXDOMAIN")
    )


def test_a_server_looks_in_a_process_of_its_own(catalogue, caplog):
    with ScriptedUpstream(resolver()) as upstream, caplog.at_level(logging.DEBUG):
        asyncio.run(Errands([str(catalogue)], [spelled(upstream)]).look())
        assert [one.name for one in upstream.received] == [".", "ads.example."]
    past = looks.read(catalogue, "listed-site")["ads.example"]
    assert [(sign.value, seen.looks) for sign, seen in past.seen.items()] == [("gone", 1)]
    assert not [one for one in caplog.records if one.name.startswith("blockfilter")]


def test_a_server_says_that_something_was_found_and_no_name(catalogue, caplog):
    path = catalogue / "looks/listed-site.json"
    path.parent.mkdir()
    sign = {"how": "", "first": "2026-01-01T00:00:00Z", "last": "2026-01-20T00:00:00Z"}
    sign |= {"looks": 3, "ripe": "2999-01-01T00:00:00Z"}  # type: ignore[dict-item]
    past = {"looked": "2026-01-20T00:00:00Z", "servers": [], "seen": {"gone": sign}}
    path.write_text(json.dumps({"ads.example": past}))
    with ScriptedUpstream(resolver()) as upstream, caplog.at_level(logging.INFO):
        asyncio.run(Errands([str(catalogue)], [spelled(upstream)]).look())
    assert caplog.messages == [
        f"catalogue {catalogue}: looks found something; see blockfilter list review"
    ]


def test_a_server_whose_upstreams_are_gone_says_so(catalogue, caplog):
    host, port = closed_port()
    asyncio.run(Errands([str(catalogue)], [f"{host}:{port}"]).look())
    (message,) = caplog.messages
    assert message.startswith("list alive: ")
    assert "no upstream answers, so nothing was looked at; name others" in message
    assert "\n" not in message
    assert "ads.example" not in message


def test_an_installed_catalogue_is_left_to_its_keepers(tmp_path, caplog):
    installed = tmp_path / "lib/site-packages/blockfilter/lists"
    installed.parent.mkdir(parents=True)
    made(installed, names=["ads.example"], released=False).move("listed-site", "activate")
    asyncio.run(Errands([str(installed), str(tmp_path / "gone")], []).look())
    assert not (installed / "looks").exists()
    assert caplog.messages == []
