"""The comparison's figures as a Markdown table and as JSON. Medians, and ratios to unbound."""

import json
from dataclasses import asdict, dataclass, field
from statistics import median

_REFERENCE = "unbound"
Memory = tuple[float, float]  # resident and proportional set size, MB


@dataclass(slots=True)
class Result:
    """All that was measured."""

    rates: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    idle: dict[str, Memory] = field(default_factory=dict)
    loaded: dict[str, Memory] = field(default_factory=dict)
    first_start: dict[str, float] = field(default_factory=dict)
    snapshot_start: float | None = None
    reload: str | None = None
    others: list[float] = field(default_factory=list)  # share of the servers' core, a run
    problems: dict[str, list[str]] = field(default_factory=dict)

    def add(self, server: str, workload: str, rate: float) -> None:
        self.rates.setdefault(workload, {}).setdefault(server, []).append(rate)

    def complain(self, server: str, *problems: str) -> None:
        self.problems.setdefault(server, []).extend(problems)


def markdown(result: Result) -> str:
    """One row a workload, one column a server: queries per CPU-second, µs, ratio."""
    servers = list(result.idle)
    rows = [["queries per CPU-second", *servers]]
    for workload, rates in result.rates.items():
        reference = median(rates[_REFERENCE]) if _REFERENCE in rates else None
        rows.append([workload, *(_rate(median(rates[name]), reference) for name in servers)])
    rows.append(["RSS (PSS), list loaded", *(_memory(result.idle[name]) for name in servers)])
    rows.append(["RSS (PSS), after all runs", *(_memory(result.loaded[name]) for name in servers)])
    rows.append(["first answer after", *(f"{result.first_start[name]:.2f} s" for name in servers)])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, f"|{'---|' * len(rows[0])}")
    if result.snapshot_start is not None:
        lines += ["", f"First answer from a compiled snapshot: {result.snapshot_start:.2f} s"]
    if result.reload is not None:
        lines += ["", f"Reload under load: {result.reload}"]
    shares = f"{median(result.others):.0%} in the median run, {max(result.others):.0%} at most"
    lines += ["", f"The servers' core was used by others, the system included, for {shares}"]
    return "\n".join(lines)


def as_json(result: Result) -> str:
    """Every run's figure."""
    return json.dumps(asdict(result), indent=1) + "\n"


def _rate(rate: float, reference: float | None) -> str:
    ratio = f", {rate / reference:.2f}×" if reference else ""
    return f"{rate:,.0f} ({1e6 / rate:.1f} µs{ratio})"


def _memory(memory: Memory) -> str:
    return f"{memory[0]:.0f} ({memory[1]:.0f}) MB"
