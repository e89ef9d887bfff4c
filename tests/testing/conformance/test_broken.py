"""The kit rejects storages that are broken, by the clause that names what is wrong with them."""

import pytest

from recoverykit.testing.conformance import (
    CLAUSES,
    ConformanceError,
    check_async_storage,
    check_storage,
)
from tests.testing.conformance import dicts, files, orders, sqlites, tasks
from tests.testing.conformance.broken import BROKEN, IN_MEMORY


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_broken_storage_is_caught_by_its_clause(broken):
    """Each is caught by the clauses that name its fault; where it has one fault, by no other.

    Those with more than one, for which ``alone`` is false in the list, are tried by the clauses
    that are named there, and by no others: what else such a storage breaks is left open.
    """
    clauses = [each for each in CLAUSES if broken.alone or each.id in broken.caught]

    with pytest.raises(ConformanceError) as caught:
        broken.check(broken.make, clauses=clauses, **broken.means)

    assert {each.id for each in caught.value.breaches} == broken.caught


def test_enough_of_them_are_broken():
    """There are as many as were promised, and no two are the same."""
    assert len({each.kind for each in BROKEN}) == len(BROKEN) >= 30


@pytest.mark.parametrize("clause", CLAUSES, ids=str)
def test_each_clause_is_necessary(clause):
    """For each clause there is a storage that only this one rejects: none can be left out."""
    assert [each for each in BROKEN if each.alone and each.caught == {clause.id}]


@pytest.mark.parametrize(
    ("module", "kind"), [(sqlites, sqlites.Rows), (files, files.Files)], ids=["SQLite", "files"]
)
def test_what_they_were_broken_from_is_accepted(module, kind):
    """The storages that the broken ones are made from are right: each has but its own fault."""
    report = check_storage(module.made(kind), reopen=module.reopened, events=kind.ids, examples=10)

    assert report.checked == tuple(each.id for each in CLAUSES)


def test_dicts_are_accepted():
    """As above, in memory."""
    check_storage(dicts.made(dicts.Dicts), events=dicts.Dicts.ids, without=IN_MEMORY)


def test_who_raises_where_others_contend_is_accepted():
    """Only True is a success: who is told nothing, in a race, has not won."""
    check_async_storage(
        tasks.made(tasks.RefusesToWait), events=tasks.Awaited.ids, without=IN_MEMORY, examples=1
    )


def test_who_cannot_be_read_where_others_write_is_accepted():
    """Nor has who raises it shown half of anything."""
    check_storage(
        dicts.made(orders.MayBeBusy), events=dicts.Dicts.ids, without=IN_MEMORY, examples=1
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_dicts_that_are_awaited_are_accepted(backend):
    """As above, in memory, on each event loop."""
    check_async_storage(
        tasks.made(tasks.Awaited),
        events=tasks.Awaited.ids,
        without=IN_MEMORY,
        backend=backend,
        examples=10,
    )
