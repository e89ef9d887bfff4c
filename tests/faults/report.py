"""What a run reports: one line for people, and all figures for whoever wants them."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults.reckoning import Reckoning, Resolution, as_plain

REPORT = "RECOVERYKIT_FAULT_REPORT"
"""Environment variable: append the figures of each run to this file, a line of JSON each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run.

    Attributes:
        scene: what was broken.
        versions: what ran.
        clients: how many clients there were.
        seconds: how long they worked.
        faults: how often each kind of fault was done.
        reckoning: what it came to.
        forgotten: how many acknowledged redemptions a promotion forgot; None where none may.
    """

    scene: str
    versions: str
    clients: int
    seconds: float
    faults: Counter[str]
    reckoning: Reckoning
    forgotten: int | None = None

    def __str__(self) -> str:
        plain = as_plain(self.reckoning)
        lost, unknown = self.reckoning.lost_answers, self.reckoning.unknown
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        forgotten = "" if self.forgotten is None else f"; forgotten {self.forgotten}"
        return (
            f"{self.scene}: {plain['operations']} operations on {plain['subjects']} subjects by"
            f" {self.clients} clients in {self.seconds:.0f} s; faults: {faults};"
            f" answers lost {lost.total()}{_in_words(lost)};"
            f" attempts unknown to their client {unknown.total()}{_in_words(unknown)};"
            f" double spends {plain['double_spends']};"
            f" lost successes {plain['lost_successes']}{forgotten};"
            f" not linearizable {plain['not_linearizable']}"
        )

    def publish(self) -> None:
        """Print the line; append the figures where the environment says so."""
        print(f"\n{self}")  # noqa: T201 - for people who look at the run
        if path := os.environ.get(REPORT):
            figures = {
                "scene": self.scene,
                "versions": self.versions,
                "clients": self.clients,
                "seconds": round(self.seconds, 1),
                "faults": dict(sorted(self.faults.items())),
                **as_plain(self.reckoning),
            }
            if self.forgotten is not None:
                figures["forgotten"] = self.forgotten
            with Path(path).open("a") as file:
                file.write(json.dumps(figures) + "\n")


def _in_words(counts: "Counter[Resolution]") -> str:
    told = ", ".join(f"{count} {each.value}" for each, count in counts.items())
    return f" ({told})" if told else ""
