"""How the counting is, for programs and for people: periods, privacy spent, what is degraded.

Nothing in it was counted at people: which periods there are is known before anybody asks for a name.
"""

from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blockfilter.config.settings import Settings
    from blockfilter.counts.reader import PeriodFact, Reader

STATUS_FILE = "status.json"  # the daemon keeps it in its state directory


def in_memory(settings: "Settings", place: Path) -> bool | None:
    """Whether hits stay in memory: as the running server says, else as the configured directory."""
    from blockfilter.config.directories import ram_backed
    from blockfilter.health import read_status

    status = read_status(place / STATUS_FILE)
    if status is not None:
        return status.ram_backed
    runtime = settings.server.runtime
    return ram_backed(runtime) if runtime is not None and runtime.is_dir() else None


def degraded(settings: "Settings", place: Path) -> list[str]:
    """What protects or counts less than it could."""
    found = []
    if in_memory(settings, place) is False:
        found.append("the runtime directory is not RAM-backed: hits of the day are on a disk")
    if not settings.counts.enabled:
        found.append("counting is switched off (counts.enabled)")
    return found


def facts(reader: "Reader", degraded: list[str]) -> dict[str, Any]:
    """For programs."""
    from blockfilter.counts.tables import TABLES, plans

    budget, frames = reader.budget(), list(reader.frames().values())
    periods = reader.periods()
    planned = {one.table.id for one in plans(frames[-1], {})} if frames else set(TABLES)
    return {
        "began": reader.began.isoformat() if reader.began else None,
        "simulated": reader.simulated,
        "quarter": frames[-1].quarter if frames else None,
        "headcount": frames[-1].heads if frames else None,
        "offices": [one.id for one in frames[-1].offices] if frames else [],
        "tables": [
            {"table": id_, "title": table.title, "of_this_size": id_ in planned}
            | _periods([one for one in periods if one.table == id_])
            for id_, table in TABLES.items()
        ],
        "privacy": {
            "epsilon_per_device_day": float(budget.per_device_day),
            "keys_of_a_day": budget.epochs,
            "guess": round(budget.guess, 3),
        },
        "degraded": degraded,
        "head": reader.head,
    }


def _periods(periods: "list[PeriodFact]") -> dict[str, Any]:
    open_ = [one for one in periods if one.state == "open"]
    ended = [one for one in periods if one.state != "open"]
    count = {state: sum(one.state == state for one in ended) for state in ("released", "lost")}
    return {
        "open": open_[0].period if open_ else None,
        "next": open_[0].last.isoformat() if open_ else None,
        "newest": next((one.period for one in reversed(ended) if one.state == "released"), None),
        "not_measured": sum(one.state == "not measured" for one in ended),
        **count,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    told = ["simulated: none of this was counted at people"] if found["simulated"] else []
    told.append(f"counting since {found['began'] or 'not yet: the headcount is not known'}")
    if found["quarter"]:
        offices = ", ".join(found["offices"]) or "none"
        told.append(
            f"frozen for {found['quarter']}: headcount {found['headcount']:,}, offices: {offices}"
        )
    told += [f"{one['table']} {one['title']}: {_became(one)}" for one in found["tables"]]
    privacy = found["privacy"]
    told.append(
        f"privacy spent: epsilon {privacy['epsilon_per_device_day']:g} a device and day, so the "
        f"best guess at one is right {ceil(100 * privacy['guess'])} times in 100 at most"
    )
    if privacy["keys_of_a_day"] > 1:
        told.append("on a day the key was lost, a device counted as two: that is in the figure")
    return told + [f"degraded: {one}" for one in found["degraded"]]


def _became(one: dict[str, Any]) -> str:
    """What became of a table's periods, and what comes next."""
    parts = [f"{one['released']} published"]
    parts += [f"{one['lost']} lost"] if one["lost"] else []
    parts += [f"{one['not_measured']} not measured"] if one["not_measured"] else []
    if not one["of_this_size"]:
        nothing = parts == ["0 published"]
        return "; ".join([*([] if nothing else parts), "not for an organisation of this size"])
    parts += [f"newest {one['newest']}"] if one["newest"] else []
    waits = f"open {one['open']}, its figure comes after {one['next']}"
    return "; ".join([*parts, waits if one["open"] else "none is open yet"])
