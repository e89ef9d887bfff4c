"""A search over sequences of steps for the shortest one that shows a difference.

The clauses are tried by steps that somebody thought of. The search tries steps that nobody did, on
subjects that are easily confused.
"""

from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from recoverykit.testing.conformance.bench import Rig
from recoverykit.testing.conformance.machine import Found, Machine

# Slow storages and large documents are what they are, and a check may run inside another test.
_HEALTH_CHECKS: Final = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.nested_given,
    HealthCheck.too_slow,
)
_STEPS: Final = 40  # of one sequence: enough that the same subject is written several times
_SHRINKS: Final = 150  # sequences beside the one that was found: each wants a fresh storage


class _Enough(BaseException):
    """Raised to end the search, or replaced by what Hypothesis thinks of such an end."""


def search(rig: Rig, *, examples: int, without: frozenset[str]) -> Found | None:
    """Try sequences of steps; return the shortest one that shows a difference, if there is any.

    Args:
        rig: what the author of the storage has handed in.
        examples: how many sequences.
        without: the clauses that are not to be checked.
    """
    found: list[Found] = []
    left = _SHRINKS

    def machine() -> RuleBasedStateMachine:  # Hypothesis takes its seed from this source
        nonlocal left
        left -= min(1, len(found))
        if not left:
            raise _Enough
        return Machine(rig=rig, without=without, found=found)

    try:
        run: Callable[..., None] = run_state_machine_as_test  # its types want a class
        run(machine, settings=_settings(examples))
    except (Exception, _Enough):
        if not found:
            raise
    return min(found, key=lambda each: len(each.steps), default=None)


def _settings(examples: int) -> settings:
    # Whatever profile is loaded: a check finds the same wherever it runs.
    return settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        suppress_health_check=_HEALTH_CHECKS,
        report_multiple_bugs=False,
        print_blob=False,
    )
