"""The crew: all begin at the same moment, and nothing of it is left behind."""

import sys
import threading
import time

import pytest

from recoverykit.testing.hosts.crew import Crew


@pytest.fixture
def crew():
    with Crew(4) as crew:
        yield crew


def test_each_deed_has_a_thread_of_its_own(crew):
    """They all run at once: each waits until all others are there."""
    here = threading.Barrier(4)
    assert crew.together([lambda: lambda: here.wait(60) is not None] * 4) == [True] * 4
    assert len(crew.lasted) == 4


def test_one_who_does_not_come_ends_the_race(crew):
    """What it raised is raised, and nobody waits for it."""

    def fail():
        raise LookupError

    with pytest.raises(LookupError):
        crew.together([lambda: int, lambda: int, fail, lambda: int])
    assert crew.together([lambda: int] * 4) == [0] * 4


def test_the_first_deed_waits_for_those_that_begin_before_it(crew):
    """And the other way round."""
    for after in ((-0.2, -0.2), (0.2, 0.2)):
        first, *others = crew.together([lambda: time.perf_counter] * 4, after=after)
        assert all((first - other > 0.1) is (after[0] < 0) for other in others)


def test_nothing_is_left_behind(crew):
    """Turns are as long as before, and who profiled a thread goes on."""
    interval, seen = sys.getswitchinterval(), []

    def profile(*_):
        return None

    def profiled():
        sys.setprofile(profile)
        return lambda: seen.append(sys.getswitchinterval())

    crew.together([profiled] * 4)
    assert crew.together([lambda: lambda: None] * 4) == [None] * 4
    assert crew.together([lambda: sys.getprofile] * 4) != [profile] * 4
    assert max(seen) < interval == sys.getswitchinterval()
