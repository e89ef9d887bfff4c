"""Code sets: what has become of the codes of a subject, brought about by the verbs themselves."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Final, TypeAlias

from hypothesis import strategies as st

from recoverykit.core.generator import generate_one
from recoverykit.core.policy import Policy
from recoverykit.core.record import SetState
from recoverykit.core.subject import Subject
from recoverykit.core.throttle import Throttle
from recoverykit.errors import RedemptionRefused
from recoverykit.kit import RecoveryKit
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing.cheap import cheapened
from recoverykit.testing.clock import ManualClock
from recoverykit.testing.entropy import deterministic
from recoverykit.testing.script import entropy_of
from recoverykit.testing.strategies.subjects import subjects

_START: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ACTIVE_FOR: Final = timedelta(days=30)
_SEED: Final = "a drawn set"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSet:
    """A subject whose codes have been through something.

    Attributes:
        kit: the kit that did it, with the cheap hasher.
        storage: what it has stored.
        clock: its clock.
        subject: whose codes.
        codes: the codes of the set that was issued last, as they were shown; empty where none was.
        spent: the ordinals of those that were redeemed.
        state: what the codes are good for.
    """

    kit: RecoveryKit
    storage: MemoryStorage
    clock: ManualClock
    subject: Subject
    codes: tuple[str, ...] = field(repr=False)
    spent: tuple[int, ...]
    state: SetState


_DEFAULT: Final = Policy(throttle=Throttle(free=2, disable_after=5))
_Fate: TypeAlias = Callable[[st.DrawFn, DrawnSet, Policy], DrawnSet]


@st.composite
def code_sets(  # noqa: D417  # Hypothesis hands `draw` in
    draw: st.DrawFn,
    *,
    policy: Policy = _DEFAULT,
    states: st.SearchStrategy[SetState] | None = None,
) -> DrawnSet:
    """Draw a subject with codes in any state, some of them spent: each with a storage of its own.

    Args:
        policy: what the codes are like, and how many failures disable them. Its hasher is replaced
            by the cheap one; it never rotates and asks for no unlock; and whether a set expires or
            waits to be confirmed follows from the state.
        states: the states to choose from; None for every one. Without a throttle none is disabled.

    Raises:
        OutsideTests: no tests are running.
        SwitchedOff: the policy issues no codes, and the state is one of codes.
    """
    state = draw(_states_under(policy) if states is None else states)
    settled = replace(
        policy,
        expires_after=_ACTIVE_FOR if state is SetState.EXPIRED else None,
        confirm=state is SetState.PENDING,
        rotate=False,
        management="open",
    )
    storage, clock = MemoryStorage(), ManualClock(_START)
    kit = RecoveryKit(storage, policy=cheapened(settled), clock=clock)
    drawn = DrawnSet(
        kit=kit,
        storage=storage,
        clock=clock,
        subject=draw(subjects()),
        codes=(),
        spent=(),
        state=state,
    )
    if state is SetState.NONE:
        return drawn
    with deterministic(kit, seed=_SEED):
        drawn = replace(drawn, codes=kit.issue(drawn.subject).codes)
        return _FATES[state](draw, drawn, policy)


def _states_under(policy: Policy) -> st.SearchStrategy[SetState]:
    never: set[SetState] = set() if policy.throttle else {SetState.DISABLED}
    return st.sampled_from([state for state in SetState if state not in never])


def _active(draw: st.DrawFn, drawn: DrawnSet, policy: Policy) -> DrawnSet:
    return _spend(drawn, draw(_places(policy, at_most=policy.count - 1)))


def _pending(_draw: st.DrawFn, drawn: DrawnSet, _policy: Policy) -> DrawnSet:
    return drawn


def _exhausted(draw: st.DrawFn, drawn: DrawnSet, policy: Policy) -> DrawnSet:
    return _spend(drawn, draw(st.permutations(range(policy.count))))


def _expired(draw: st.DrawFn, drawn: DrawnSet, policy: Policy) -> DrawnSet:
    drawn = _active(draw, drawn, policy)
    drawn.clock.advance(_ACTIVE_FOR)
    return drawn


def _revoked(draw: st.DrawFn, drawn: DrawnSet, policy: Policy) -> DrawnSet:
    drawn = _active(draw, drawn, policy)
    drawn.kit.revoke(drawn.subject)
    return drawn


def _disabled(draw: st.DrawFn, drawn: DrawnSet, policy: Policy) -> DrawnSet:
    drawn = _active(draw, drawn, policy)
    wrong = _wrong_code(policy, drawn.codes)
    while (status := drawn.kit.status(drawn.subject)).state is not SetState.DISABLED:
        if status.retry_at is not None:
            drawn.clock.advance(status.retry_at - drawn.clock())
        with suppress(RedemptionRefused):
            drawn.kit.redeem(drawn.subject, wrong)
    return drawn


_FATES: Final[Mapping[SetState, _Fate]] = MappingProxyType(
    {
        SetState.ACTIVE: _active,
        SetState.PENDING: _pending,
        SetState.EXHAUSTED: _exhausted,
        SetState.EXPIRED: _expired,
        SetState.REVOKED: _revoked,
        SetState.DISABLED: _disabled,
    }
)


def _places(policy: Policy, *, at_most: int) -> st.SearchStrategy[list[int]]:
    places = st.integers(0, policy.count - 1)
    return st.lists(places, unique=True, max_size=at_most)


def _spend(drawn: DrawnSet, ordinals: Sequence[int]) -> DrawnSet:
    for ordinal in ordinals:
        drawn.kit.redeem(drawn.subject, drawn.codes[ordinal])
    return replace(drawn, spent=tuple(ordinals))


def _wrong_code(policy: Policy, codes: Sequence[str]) -> str:
    """Return a code of the format that is none of these."""
    entropy, ordinal = entropy_of("a wrong code"), 0 if policy.format.selector else None
    drawn = (policy.format.display(generate_one(policy.format, ordinal, entropy)) for _ in count())
    return next(code for code in drawn if code not in codes)
