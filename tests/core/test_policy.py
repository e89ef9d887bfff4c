"""The policy's bounds: each field by its name, and both ends of what it may be."""

from datetime import timedelta

import pytest

from recoverykit import CodeFormat, Policy, PolicyError, Throttle
from recoverykit.core.standards import RULE_IDS

ZERO, LEAST = timedelta(0), timedelta.resolution
DAY, CENTURY, LEAP_YEAR = timedelta(days=1), timedelta(days=36_525), timedelta(days=366)

ROOMY = CodeFormat.hex(16)  # no selector bounds the count
POLICY = {
    "count": (0, 64),
    "low_at": (0, 64),
    "replay_for": (ZERO, DAY),
    "pending_for": (LEAST, CENTURY),
    "unlock_for": (LEAST, DAY),
    "expires_after": (LEAST, CENTURY),
    "elevation": (LEAST, CENTURY),
}
# Beside each bound, what else must be changed so that it is the only one in question.
THROTTLE = {
    "free": (1, 1_000, {"disable_after": 1_000_000}),
    "first_delay": (LEAST, LEAP_YEAR, {"max_delay": LEAP_YEAR}),
    "factor": (1.0, 1_000.0, {}),
    "max_delay": (LEAST, LEAP_YEAR, {"first_delay": LEAST}),
    "disable_after": (1, 1_000_000, {"free": 1}),
}


def step(bound):
    """The smallest step out of a bound."""
    return LEAST if isinstance(bound, timedelta) else 1


def refused(make, **fields):
    with pytest.raises(PolicyError) as refusal:
        make(**fields)
    return str(refusal.value)


@pytest.mark.parametrize(("name", "least", "most"), [(n, *ends) for n, ends in POLICY.items()])
def test_a_field_of_a_policy_has_bounds(name, least, most):
    """Both are in; what is out is told by name."""
    for value in (least, most):
        assert getattr(Policy(format=ROOMY, **{name: value}), name) == value
    said = f"bounds: {name} must be {least} to {most}; choose a figure within the bounds"
    for value in (least - step(least), most + step(most)):
        assert refused(Policy, format=ROOMY, **{name: value}) == said


@pytest.mark.parametrize(
    ("name", "least", "most", "beside"), [(n, *ends) for n, ends in THROTTLE.items()]
)
def test_a_field_of_a_throttle_has_bounds(name, least, most, beside):
    """Both are in; what is out is told by name."""
    for value in (least, most):
        assert getattr(Throttle(**{name: value}, **beside), name) == value
    said = f"bounds: {name} must be {least} to {most}; choose a figure within the bounds"
    for value in (least - step(least), most + step(most)):
        assert refused(Throttle, **{name: value}, **beside) == said


def test_a_factor_that_grows_grows_enough():
    """1 does not grow; anything between it and 1.1 would for too long."""
    said = "bounds: factor must be 1.1 to 1000.0; choose a figure within the bounds"
    assert refused(Throttle, factor=1.09) == said
    assert Throttle(factor=1.1).factor == 1.1


def test_the_figures_of_a_throttle_fit_together():
    """The longest delay is no shorter than the first, and the end comes after what is free."""
    minute = timedelta(minutes=1)
    assert Throttle(first_delay=minute, max_delay=minute, free=7, disable_after=7).free == 7
    assert refused(Throttle, first_delay=minute, max_delay=minute - LEAST) == (
        "bounds: max_delay must be 0:01:00 to 366 days, 0:00:00; choose a figure within the bounds"
    )
    assert refused(Throttle, free=7, disable_after=6) == (
        "bounds: disable_after must be 7 to 1000000; choose a figure within the bounds"
    )


@pytest.mark.parametrize("name", ["format", "hasher", "throttle", "confirm", "rotate", "accept"])
def test_a_part_of_another_type_is_named(name):
    """Whatever it is: a text is none of them."""
    assert refused(Policy, **{name: "text"}) == f"type: {name} is of another type; see Policy"


def test_every_rule_can_be_accepted_and_nothing_else():
    """All at once, where somebody wants to."""
    assert Policy(accept=RULE_IDS).accept == RULE_IDS
    said = refused(Policy, accept=RULE_IDS | {"no rule"})
    assert said.startswith("accept: accept has an id that no rule has; choose among ")
