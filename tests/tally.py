"""What became of mutmut's mutants: how many of each package were killed, and which live on."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from mutmut.stats import status_by_exit_code

MUTANTS = Path("mutants")
TRIED = MUTANTS / "again.json"
_PACKAGES = MUTANTS / "src/recoverykit"
WANTED = 0.95
_KILLED = frozenset({"killed", "timeout", "killed by more tests"})
# By this a try ends that has broken down itself. mutmut takes it for a hang.
_BROKEN = 255


def tried() -> dict[str, bool]:
    """Return whether each mutant that was tried once more was noticed then, by its name."""
    if not TRIED.exists():
        return {}
    found: dict[str, bool] = json.loads(TRIED.read_text("utf-8"))
    return found


def verdicts() -> Iterator[tuple[str, str, str]]:
    """Yield package, mutant and verdict of each."""
    found = tried()
    for meta in sorted(_PACKAGES.rglob("*.meta")):
        package = meta.relative_to(_PACKAGES).parts[0]
        codes: Mapping[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        for mutant, code in codes.items():
            yield package, mutant, _verdict(code, is_noticed=found.get(mutant, False))


def _verdict(code: int | None, *, is_noticed: bool) -> str:
    if is_noticed:
        return "killed by more tests"
    return "broken try" if code == _BROKEN else status_by_exit_code[code]


def main() -> int:
    """Tell who lives, and then the counts; fail where too many do."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for package, mutant, verdict in verdicts():
        counts[package][verdict] += 1
        if verdict not in _KILLED | {"not checked"}:
            print(f"{verdict}: {mutant}")
    shares = []
    for package, count in counts.items():
        checked = count.total() - count["not checked"]
        shares.append(sum(count[each] for each in _KILLED) / (checked or 1))
        told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(count.items()))
        print(f"{package}: {count.total()} mutants: {told}; {shares[-1]:.1%} noticed")
    return int(min(shares, default=0) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
