"""Entropy that repeats itself: the same codes in every run of a test."""

import contextlib
import subprocess
import sys
import threading

import pytest

from recoverykit import (
    AsyncRecoveryKit,
    CodesAlreadyIssued,
    InvalidArgument,
    Policy,
    RecoveryKit,
)
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.testing import cheapened, deterministic
from tests.awaited import Awaited

POLICY = cheapened(Policy(count=2))


def new_kit():
    return RecoveryKit(MemoryStorage(), policy=POLICY)


def codes(seed):
    kit = new_kit()
    with deterministic(kit, seed=seed):
        return kit.issue("ada").codes


def test_one_seed_gives_the_same_codes_in_every_process():
    """So a test may know them by heart, and its failure can be repeated."""
    script = """if True:
        from recoverykit import RecoveryKit
        from recoverykit.storage.memory import MemoryStorage
        from recoverykit.testing import deterministic, for_tests
        kit = RecoveryKit(MemoryStorage())
        with for_tests(), deterministic(kit, seed="a"):
            print(*kit.issue("ada").codes[:2])
    """
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert tuple(done.stdout.split()) == codes("a") == codes("a")


def test_another_seed_gives_other_codes():
    """And the codes of one set differ."""
    assert len({*codes("a"), *codes("b")}) == 4


def test_one_kit_goes_on_where_it_was():
    """Within a block nothing comes twice: revisions least of all."""
    kit = new_kit()
    with deterministic(kit, seed="a"):
        first = kit.issue("ada").codes
        second = kit.issue("ada", replace=True).codes

    assert len({*first, *second}) == 4


def test_behind_the_block_nothing_repeats():
    """Nor where it was left by an error; and no other kit is touched."""
    kit, other = new_kit(), new_kit()
    with deterministic(kit, seed="a"):
        apart = other.issue("ada").codes
    with pytest.raises(CodesAlreadyIssued), deterministic(other, seed="a"):
        other.issue("ada")

    assert kit.issue("ada").codes != codes("a")
    assert other.issue("ada", replace=True).codes != codes("a")
    assert apart != codes("a")


def test_threads_draw_in_turn():
    """What is drawn together is never drawn twice."""
    kit, drawn = new_kit(), []

    def issue(number):
        drawn.extend(kit.issue(f"user {number}").codes)

    with deterministic(kit, seed="a"):
        threads = [threading.Thread(target=issue, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(set(drawn)) == 16


def test_an_awaited_kit_draws_the_same(asyncio_portal):
    """One core, two shells."""
    kit = AsyncRecoveryKit(AsyncMemoryStorage(), policy=POLICY)
    with deterministic(kit, seed="a"):
        assert Awaited(kit, asyncio_portal).issue("ada").codes == codes("a")


def test_blocks_are_left_in_any_order():
    """Each takes its own seed away and no other, and behind them all nothing repeats."""
    kit = new_kit()
    first, second = deterministic(kit, seed="a"), deterministic(kit, seed="b")
    with contextlib.ExitStack() as left_last:
        with contextlib.ExitStack() as left_first:
            left_first.enter_context(first)
            left_last.enter_context(second)
        assert kit.issue("ada").codes == codes("b")
    assert not {*kit.issue("bob").codes} & {*codes("a"), *codes("b")}


def test_an_outer_block_goes_on_behind_an_inner_one():
    """Where it was."""
    kit = new_kit()
    with deterministic(kit, seed="a"):
        with deterministic(kit, seed="b"):
            pass
        assert kit.issue("ada").codes == codes("a")


def test_a_block_that_is_left_open_is_of_no_use_outside_tests():
    """Nobody is issued codes that anybody can compute."""
    script = """if True:
        from recoverykit import OutsideTests, RecoveryKit, Subject
        from recoverykit.storage.memory import MemoryStorage
        from recoverykit.testing import deterministic, for_tests
        storage = MemoryStorage()
        kit = RecoveryKit(storage)
        block = deterministic(kit, seed="a")
        with for_tests():
            block.__enter__()
        try:
            kit.issue("ada")
        except OutsideTests:
            print(storage.load(Subject("ada")))
        block.__exit__(None, None, None)
        print(len(kit.issue("ada").codes))
    """
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["None", "10"]


@pytest.mark.parametrize("seed", ["", "\ud800"], ids=ascii)
def test_a_seed_is_any_text(seed):
    """Even one that no file could hold."""
    assert codes(seed) == codes(seed) != codes("a")


@pytest.mark.parametrize(("kit", "seed"), [(None, "a"), (new_kit(), 3), (new_kit(), None)])
def test_what_is_no_kit_or_no_seed_is_refused(kit, seed):
    """And nothing else comes out."""
    with pytest.raises(InvalidArgument), deterministic(kit, seed=seed):
        pass
