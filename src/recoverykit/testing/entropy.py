"""Entropy that repeats itself: the same codes in every run of a test."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from recoverykit.aio.kit import AsyncRecoveryKit
from recoverykit.core.generator import Entropy
from recoverykit.errors import InvalidArgument
from recoverykit.kit import RecoveryKit
from recoverykit.permit import require_tests
from recoverykit.testing.script import entropy_of

_WHAT: Final = "deterministic entropy"
_BLOCKS: Final = Lock()
"""Held while a block is entered or left."""


class _Seeded:
    """What a kit draws from within a block, over what it drew from before."""

    def __init__(self, seed: str, before: Entropy) -> None:
        self.before = before
        self.is_left = False
        self._draw = entropy_of(seed)
        self._turn = Lock()

    def __call__(self, size: int) -> bytes:
        # A block may be left open, and outlive the tests.
        require_tests(_WHAT)
        with self._turn:
            return self._draw(size)


@contextmanager
def deterministic(kit: RecoveryKit | AsyncRecoveryKit, *, seed: str) -> Generator[None]:
    """Let a kit draw the same codes, ids and salts in every run, until the block is left.

    Anybody can compute them. They repeat as long as the calls of the kit come in the same order;
    with threads they do not. A storage must see each seed once only: revisions that come again
    would let a stale writer win. Of several blocks of one kit the last that was entered and has not
    been left counts. Where a block is still open when no tests are running any more, calls of the
    kit that draw are refused with `OutsideTests`.

    Args:
        kit: the kit, in all threads and tasks that use it.
        seed: any text; another one gives other codes.

    Raises:
        InvalidArgument: the kit is none, or the seed is no text.
        OutsideTests: no tests are running.
    """
    require_tests(_WHAT)
    if not isinstance(kit, RecoveryKit | AsyncRecoveryKit) or not isinstance(seed, str):
        raise InvalidArgument("kit must be a RecoveryKit or an AsyncRecoveryKit, and seed a text")
    # The only way in: a kit has no argument for it that could be set by mistake.
    verbs = kit._verbs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    with _BLOCKS:
        seeded = _Seeded(seed, verbs.entropy)
        verbs.draw_from(seeded)
    try:
        yield
    finally:
        with _BLOCKS:
            seeded.is_left = True
            verbs.draw_from(_open(verbs.entropy))


def _open(entropy: Entropy) -> Entropy:
    """Return the innermost source whose block has not been left."""
    while isinstance(entropy, _Seeded) and entropy.is_left:
        entropy = entropy.before
    return entropy
