"""The clients' files: what was said before a death is there, and what was not is not."""

import pytest

from tests.faults.history import Deed, Ending, Log, Told, Verb, by_subject, read, read_all

DEED = Deed(verb=Verb.REDEEM, subject="ada", attempt="x", set_id="S", ordinal=0)
TOLD = Told(ending=Ending.OK, set_id="S", ordinal=0, remaining=4, is_replayed=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "client.jsonl"


def test_what_was_told_is_read_again(path):
    """A call, its answer, and how its commits were answered."""
    log = Log(path)
    began = log.begin(DEED)
    log.end(began, TOLD, lost=2, has_won=True)
    (operation,) = read(path)
    assert (operation.deed, operation.told) == (DEED, TOLD)
    assert (operation.client, operation.number) == ("client", 0)
    assert (operation.lost, operation.has_won, operation.is_open) == (2, True, False)
    assert operation.began == began.began <= operation.ended


@pytest.mark.parametrize("torn", ["", '{"call": 0, "at": 5, "to', '{"call": 1, "at": 5'])
def test_a_call_in_which_its_caller_died_is_open(path, torn):
    """Half a line that a death has left is none."""
    Log(path).begin(DEED)
    with path.open("a") as file:
        file.write(torn)
    (operation,) = read(path)
    assert operation.is_open
    assert operation.told is operation.ended is None


def test_the_next_life_goes_on_where_the_last_one_ended(path):
    """It knows what it was about, and numbers its calls from there."""
    Log(path).begin(DEED)
    log = Log(path)
    assert [each.deed for each in log.before] == [DEED]
    log.end(log.begin(DEED), Told(ending=Ending.UNKNOWN))
    first, second = read(path)
    assert (first.number, second.number) == (0, 1)
    assert first.is_open
    assert second.is_open
    assert by_subject(read_all(path.parent)) == {"ada": (first, second)}
