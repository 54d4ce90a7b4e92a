"""The running server: start, reload, drain, stop.

The order of the start is its safety: the policy is loaded and yesterday's journal is in the store
before a port opens, and a forwarding loop is found before anybody is told that we are ready. A
reload builds everything anew beside what runs and swaps it in one step.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Mapping

from blockfilter import __version__
from blockfilter.config import directories, systemd
from blockfilter.config.resolvers import system_resolvers
from blockfilter.config.settings import Settings
from blockfilter.config.values import Endpoint
from blockfilter.daemon import assembly, policy, process, status
from blockfilter.daemon.errands import (
    LOOK_JITTER,
    LOOK_SECONDS,
    REFRESH_JITTER,
    REFRESH_SECONDS,
    Errands,
)
from blockfilter.daemon.keeping import Keeping
from blockfilter.daemon.probe import LoopProbe
from blockfilter.daemon.schedule import Schedule
from blockfilter.daemon.watch import Watch
from blockfilter.errors import BlockfilterError, LoopError
from blockfilter.resolve.cache import Cache
from blockfilter.resolve.denials import KEPT_SECONDS, Denials
from blockfilter.resolve.repeats import Repeats
from blockfilter.resolve.resolver import Resolver
from blockfilter.resolve.routes import Routes
from blockfilter.resolve.upstream import Transport
from blockfilter.serve import sockets
from blockfilter.serve.tcp import TcpServer
from blockfilter.serve.udp import UdpListener

log = logging.getLogger(__name__)

STATUS_SECONDS = 10  # how old the status file may be
DRAIN_SECONDS = 2.0  # what is in flight at the end gets this long; systemd's patience is longer
_DRAIN_STEP = 0.02
# Descriptors for everything that is no exchange: listeners, TCP clients, files, the loop's own.
_RESERVED_DESCRIPTORS = 64
# Parts of the configuration that only a restart brings into force.
_FIXED = ("server", "tcp", "limits", "hits", "counts", "cache")


class Server:
    """All running parts of one process."""

    def __init__(
        self, settings: Settings, reread: Callable[[], Settings], environ: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._reread = reread
        self._environ = environ
        self._notifier = systemd.Notifier(environ)
        self._state = directories.state_directory(settings.server.state, environ)
        self._runtime = directories.runtime_directory(settings.server.runtime, environ, self._state)
        self._groups_made = 0
        self._policy_error = ""
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Future[None]] = set()
        self._stopping = asyncio.Event()
        self._started = False

    async def run(self) -> int:
        """Serve until a signal; BlockfilterError where the start fails."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(process.loop_error)
        async with contextlib.AsyncExitStack() as parts:
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
            for end in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(end, self._stopping.set)
            await self._start(loop, parts)
            self._started = True
            process.calm_collector()
            self._announce()
            await self._stopping.wait()
            self._notifier.stopping()
            await self._drain()
        self._probe.complain()
        return 0

    async def _start(
        self, loop: asyncio.AbstractEventLoop, parts: contextlib.AsyncExitStack
    ) -> None:
        """Start part by part; what has started is in `parts`, to be stopped in reverse order."""
        settings = self._settings
        inherited = systemd.inherited_sockets(self._environ)
        self._listeners = _addresses(inherited) or settings.server.listen
        self._servers = settings.upstream.servers or system_resolvers(self._listeners)
        wanted = assembly.inputs(settings)
        seen = await policy.fingerprint(wanted)
        self._loaded = await policy.load_at_start(wanted, self._state)
        self._policy_error = self._loaded.error
        self._keeping = Keeping(
            settings, self._state, self._runtime, lambda: self._loaded.policy.snapshot
        )
        self._keeping.open()
        parts.callback(self._keeping.close)
        self._transport = Transport(
            outstanding=self._affordable(settings.upstream.outstanding, settings.tcp.connections),
            first_try=settings.upstream.try_ms / 1000,
            budget=settings.upstream.budget_ms / 1000,
        )
        self._transport.start(loop)
        parts.callback(self._transport.close)
        self._assemble(loop)
        every = inherited or _bound(self._listeners)
        self._listeners = _addresses(every)  # a port that was asked for as 0 has its number now
        self._listen(loop, parts, every)
        await self._probe.check()
        self._begin_schedule()
        parts.callback(self._schedule.stop)
        parts.callback(self._errands.stop)
        watch = Watch(self._fingerprint, self._on_release)
        watch.start(seen)
        parts.callback(watch.stop)
        await self._write_status()
        parts.callback(status.withdraw, self._state)

    def _assemble(self, loop: asyncio.AbstractEventLoop) -> None:
        settings = self._settings
        bytes_each = settings.cache.max_bytes // 3
        self._repeats, self._denials = Repeats(bytes_each), Denials()
        self._forwarding = self._forward(settings, self._servers)
        self._resolver = Resolver(
            policy=self._loaded.policy,
            routes=self._routes(),
            cache=Cache(settings.cache.max_bytes - bytes_each, settings.cache.failure_ttl),
            repeats=self._repeats,
            denials=self._denials,
            recorder=self._keeping.recorder,
            tally=self._keeping.tally,
            settings=assembly.answer_settings(settings),
            clock=loop.time,
            on_loop=self._on_loop,
        )

    def _forward(self, settings: Settings, servers: tuple[Endpoint, ...]) -> assembly.Forwarding:
        """New groups of upstreams, and a probe for each resolver in them."""
        groups = assembly.forwarding(settings, servers, self._transport, self._groups_made)
        self._groups_made += len(groups.groups)
        single = [
            (str(endpoint), assembly.lone(endpoint, self._transport))
            for endpoint in groups.endpoints
        ]
        self._probe = LoopProbe(single)
        return groups

    def _listen(
        self,
        loop: asyncio.AbstractEventLoop,
        parts: contextlib.AsyncExitStack,
        every: tuple[socket.socket, ...],
    ) -> None:
        settings = self._settings
        admission = assembly.admission(settings, loop.time)
        self._tcp = TcpServer(
            self._resolver, admission, limits=assembly.tcp_limits(settings), clock=loop.time
        )
        parts.callback(self._tcp.close)
        self._udp = []
        for sock in every:
            if sock.type == socket.SOCK_STREAM:
                self._tcp.start(sock)
                continue
            sockets.prepare_udp(sock)
            listener = UdpListener(
                sock,
                poller=self._transport.poller,
                handler=self._resolver,
                repeats=self._repeats,
                denials=self._denials,
                recorder=self._keeping.recorder,
                tally=self._keeping.tally,
                admission=admission,
            )
            self._udp.append(listener)
            parts.callback(listener.close)
            listener.start()

    def _affordable(self, wanted: int, tcp_connections: int) -> int:
        """As many exchanges as the descriptors allow: those that ask again have two sockets."""
        spare = (process.descriptors() - tcp_connections - _RESERVED_DESCRIPTORS) // 2
        if spare < wanted:
            log.warning(
                "only %d exchanges at a time instead of %d: raise the limit of open files",
                spare,
                wanted,
            )
        return max(1, min(wanted, spare))

    def _begin_schedule(self) -> None:
        self._schedule = Schedule(self._keeping.zone)
        self._schedule.every(self._settings.hits.fold_seconds, self._keeping.keep)
        self._schedule.daily(0, self._keeping.forget_key)
        self._schedule.every(KEPT_SECONDS, self._denials.clear)
        self._schedule.every(STATUS_SECONDS, self._write_status)
        catalog = self._settings.catalog
        self._errands = Errands(
            assembly.inputs(self._settings).catalogs, [str(server) for server in self._servers]
        )
        if catalog.refresh:
            self._schedule.every(REFRESH_SECONDS, self._errands.refresh, jitter=REFRESH_JITTER)
        if catalog.look:
            self._schedule.every(LOOK_SECONDS, self._errands.look, jitter=LOOK_JITTER)
        if watchdog := systemd.watchdog_seconds(self._environ):
            self._schedule.every(watchdog / 2, self._alive)
        self._schedule.start()

    async def _alive(self) -> None:
        self._notifier.alive()

    def _announce(self) -> None:
        where = ", ".join(str(listener) for listener in self._listeners)
        snapshot = self._loaded.policy.snapshot
        ram_backed = directories.ram_backed(self._runtime)
        log.info(
            "ready: listening on %s (UDP and TCP), %d rules of release %s, forwarding to %s",
            where,
            snapshot.rules,
            snapshot.release,
            ", ".join(str(server) for server in self._servers),
        )
        if not ram_backed:
            log.warning(
                "degraded: the runtime directory %s is not RAM-backed, so hits touch a disk for "
                "up to 27 hours; name one on a tmpfs with --runtime",
                self._runtime,
            )
        self._notifier.ready(f"{snapshot.rules} rules, release {snapshot.release}")

    def _on_loop(self, name: bytes) -> None:
        self._probe.heard(name)
        if not self._reloading.locked():
            self._stopping.set()

    def _on_hangup(self) -> None:
        if not self._started:  # what is being read for the first time is new enough
            return
        # The loop keeps weak references only; the set keeps a reload alive until it is done.
        task = asyncio.ensure_future(self._reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(self) -> None:
        """Take in configuration and lists anew; on any error what is in force stays."""
        async with self._reloading:
            self._notifier.reloading()
            try:
                settings = await asyncio.to_thread(self._reread)
                servers = settings.upstream.servers or system_resolvers(self._listeners)
                loaded = await policy.load(assembly.inputs(settings), self._state)
            except BlockfilterError as error:
                self._policy_error = str(error)
                log.error("reload failed, the old policy stays in force: %s", error)  # noqa: TRY400
            else:
                await self._put_in_force(settings, servers, loaded)
            await self._write_status()
            self._notifier.ready(f"{self._loaded.policy.snapshot.rules} rules")

    async def _fingerprint(self) -> bytes:
        return await policy.fingerprint(assembly.inputs(self._settings))

    async def _on_release(self) -> None:
        """Take in what a catalogue says now; configuration and upstreams stay as they are."""
        async with self._reloading:
            wanted = assembly.inputs(self._settings)
            try:
                self._loaded = await policy.load(wanted, self._state)
            except BlockfilterError as error:
                self._policy_error = str(error)
                log.error("a release was not taken, the old policy stays: %s", error)  # noqa: TRY400
            else:
                self._policy_error = ""
                self._resolver.swap(
                    policy=self._loaded.policy,
                    routes=self._routes(),
                    settings=assembly.answer_settings(self._settings),
                )
                self._tell_policy()
            await self._write_status()

    def _routes(self) -> Routes:
        return assembly.routes(self._settings, self._forwarding, self._servers, self._probe.zones)

    def _tell_policy(self) -> None:
        snapshot = self._loaded.policy.snapshot
        log.info("policy reloaded: %d rules of release %s", snapshot.rules, snapshot.release)

    async def _put_in_force(
        self, settings: Settings, servers: tuple[Endpoint, ...], loaded: policy.Loaded
    ) -> None:
        if changed := [part for part in _FIXED if _differ(settings, self._settings, part)]:
            log.warning("changes in [%s] take effect at a restart", "], [".join(changed))
        if servers != self._servers or _differ(settings, self._settings, "upstream", "route"):
            self._forwarding = self._forward(settings, servers)
        process.set_level(settings.log.level)
        self._servers, self._settings, self._loaded = servers, settings, loaded
        self._policy_error = ""
        self._resolver.swap(
            policy=loaded.policy,
            routes=self._routes(),
            settings=assembly.answer_settings(settings),
        )
        try:
            await self._probe.check()
        except LoopError as error:
            self._policy_error = str(error)
            self._probe.returned = None  # said; the server goes on, as after any failed reload
            log.error("%s", error)  # noqa: TRY400
        self._tell_policy()

    async def _write_status(self) -> None:
        facts = status.process_facts(__version__) | {
            "listeners": [str(listener) for listener in self._listeners],
            "upstreams": [
                {"address": address, "up": up}
                for group in self._forwarding.groups
                for address, up in group.status()
            ],
            "policy": self._loaded.facts(self._policy_error),
            **self._keeping.facts(),
            "runtime": {"ram_backed": directories.ram_backed(self._runtime)},
        }
        catalogs = assembly.inputs(self._settings).catalogs
        facts["sources"] = await asyncio.to_thread(status.sources, catalogs)
        try:
            await asyncio.to_thread(status.write, self._state, facts)
        except OSError as error:
            log.debug("status.json cannot be written: %s", error.strerror)

    async def _drain(self) -> None:
        """Read no more queries, and answer those in flight while the time for it lasts."""
        loop = asyncio.get_running_loop()
        for listener in self._udp:
            listener.stop()
        deadline = loop.time() + DRAIN_SECONDS
        await self._tcp.drain(deadline)
        while not self._resolver.idle and loop.time() < deadline:  # noqa: ASYNC110 - ends by time, too
            await asyncio.sleep(_DRAIN_STEP)


def _addresses(inherited: tuple[socket.socket, ...]) -> tuple[Endpoint, ...]:
    """Where sockets listen, each address once."""
    return tuple(dict.fromkeys(Endpoint(*sock.getsockname()[:2]) for sock in inherited))


def _bound(listeners: tuple[Endpoint, ...]) -> tuple[socket.socket, ...]:
    return tuple(sock for host, port in listeners for sock in sockets.bind_pair(host, port))


def _differ(one: Settings, other: Settings, *parts: str) -> bool:
    return any(getattr(one, part) != getattr(other, part) for part in parts)
