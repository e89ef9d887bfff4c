"""Entropy that repeats itself: the same codes in every run of a test."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from recoverykit.aio.kit import AsyncRecoveryKit
from recoverykit.kit import RecoveryKit
from recoverykit.permit import require_tests
from recoverykit.testing.script import entropy_of


@contextmanager
def deterministic(kit: RecoveryKit | AsyncRecoveryKit, *, seed: str) -> Generator[None]:
    """Let a kit draw the same codes, ids and salts in every run, until the block is left.

    Anybody can compute them. They repeat as long as the calls of the kit come in the same order;
    with threads they do not. A storage must see each seed once only: revisions that come again
    would let a stale writer win.

    Args:
        kit: the kit, in all threads and tasks that use it.
        seed: any text; another one gives other codes.

    Raises:
        OutsideTests: no tests are running.
    """
    require_tests("deterministic entropy")
    draw, turn = entropy_of(seed), Lock()

    def entropy(size: int) -> bytes:
        with turn:
            return draw(size)

    # The only way in: a kit has no argument for it that could be set by mistake.
    verbs = kit._verbs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    before = verbs.draw_from(entropy)
    try:
        yield
    finally:
        verbs.draw_from(before)
