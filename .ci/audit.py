"""Judge what pip-audit wrote: a known vulnerability fails, a service out of reach is said.

pip-audit calls a set clean of which it knows no package, as with an index that holds no advisories.
"""
# ruff: noqa: T201  # a script of CI prints

import json
import re
import sys
from pathlib import Path

_OUT_OF_REACH = re.compile(r"Connection|Timeout|Max retries|ServiceError|HTTPError")


def main(report: Path, errors: Path) -> int:
    """Print one line a finding and one line in sum."""
    if not report.exists():
        said = errors.read_text()
        print(f"not audited: {said.strip()[-300:]}")
        return 0 if _OUT_OF_REACH.search(said) else 1
    dependencies = json.loads(report.read_text())["dependencies"]
    found = [(entry, flaw) for entry in dependencies for flaw in entry.get("vulns", ())]
    for entry, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{entry['name']} {entry['version']}: {flaw['id']}, fixed in {fixed}")
    skipped = [entry["skip_reason"] for entry in dependencies if "skip_reason" in entry]
    audited = len(dependencies) - len(skipped)
    print(f"{audited} packages audited, {len(found)} vulnerabilities, {len(skipped)} not audited")
    if skipped:
        print(f"such as: {skipped[0]}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
