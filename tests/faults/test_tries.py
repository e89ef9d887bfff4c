"""What is tried again: as often as need be, no more often, and never where it has failed."""

from itertools import count

import pytest

from tests.faults.tries import TRIES, tried


def test_it_is_tried_until_it_shows_something(tmp_path):
    """Each time in an empty folder of its own."""
    folders = []

    def run(folder):
        assert not list(folder.iterdir())
        folders.append(folder)
        return len(folders)

    assert tried(run, until=lambda found: found == 3, folder=tmp_path) == 3
    assert len({*folders}) == 3


def test_it_is_given_up_at_last(tmp_path):
    """The last run is what the test then complains of."""
    numbers = count(1)

    assert tried(lambda _: next(numbers), until=lambda _: False, folder=tmp_path) == TRIES


def test_what_a_run_asserts_is_not_tried_again(tmp_path):
    """So a promise that is broken once is broken."""
    runs = []

    def run(folder):
        runs.append(folder)
        raise AssertionError("a code was spent twice")

    with pytest.raises(AssertionError, match="spent twice"):
        tried(run, until=lambda _: True, folder=tmp_path)
    assert len(runs) == 1
