"""The host's session row and the spent code, on every database at every isolation level.

Together or not at all: whatever happens, `Outside.see` holds the rows, the status and the events
against one another. What needs a process that dies is in ``test_deaths.py``, what needs a network
that fails in ``test_lost_answers.py``.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from recoverykit import InvalidCode, OutcomeUnknown, RecoveryKitError, StorageError
from tests.hosts.claims import Claim, End, Login
from tests.hosts.levels import LEVELS
from tests.races.meeting import NOW, MeetingClock

SECONDS = 60.0
# Nothing of it is for the kit to judge: not its own errors, nor what looks like a lost commit or a
# severed connection.
RAISED = [
    lambda: LookupError("mine"),
    lambda: InvalidCode("of another kit"),
    lambda: OutcomeUnknown("of another kit"),
    lambda: StorageError("mine"),
    lambda: sa.exc.OperationalError("mine", None, SerializationFailure()),
    lambda: sa.exc.OperationalError("mine", None, OSError(), connection_invalidated=True),
    KeyboardInterrupt,
]


class SerializationFailure(Exception):
    """What drivers raise for it: PostgreSQL's have a SQLSTATE, PyMySQL's a number."""

    sqlstate = "40001"


@pytest.fixture
def claim(outside, binding):
    """Somebody who claims the first of their codes."""
    subject, issued = outside.issue()
    return Claim(subject=subject, code=issued.codes[0], binding=binding)


@pytest.fixture
def wrong(outside, claim):
    """The same, with a code of somebody else's."""
    _, issued = outside.issue()
    return replace(claim, code=issued.codes[1], attempt="wrong")


def fail(error):
    raise error


def got(desk, claim):
    """Return what a claimer gets, by its class."""
    try:
        return type(desk.claim(claim)).__name__
    except RecoveryKitError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("database", "url"),
    [
        ("sqlite", "sqlite://"),
        ("postgresql", "postgresql+psycopg://"),
        ("mariadb", "mariadb+pymysql://"),
    ],
)
def test_the_matrix_has_every_level(database, url):
    """A level that SQLAlchemy comes to know of is missed here."""
    dialect = sa.make_url(url).get_dialect()()
    known = set(dialect.get_isolation_level_values(None))
    left_out = {"READ UNCOMMITTED"} if database == "postgresql" else set()
    assert known - left_out == known & set(LEVELS[database])


def test_the_row_and_the_code_land_together(desk, outside, claim):
    """Once: the same attempt is told its success again, and another one that the code is used."""
    assert not desk.claim(claim).replayed
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts) == ({0}, ("attempt",))

    assert desk.claim(claim).replayed
    assert got(desk, replace(claim, attempt="another")) == "CodeAlreadyUsed"
    assert desk.calls == ["attempt"]
    assert outside.see(claim.subject) == replace(seen, failures=1, failed=1)


def test_what_the_host_raises_undoes_both(desk, outside, claim):
    """It comes out as it went in, the code is good, and nothing was counted."""
    for make in RAISED:
        error = make()
        with pytest.raises(type(error)) as caught:
            desk.claim(replace(claim, then=lambda error=error: fail(error)))
        assert caught.value is error
        assert error.__cause__ is error.__context__ is None
        assert not getattr(error, "__notes__", ())
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failed) == (frozenset(), 0)
    assert len(desk.calls) == len(RAISED)
    assert outside.redeem(claim).remaining == 2


def test_a_refused_attempt_is_counted_whatever_the_host_does(site, desk, outside, claim, wrong):
    """The host raises for all it can, and rolls back its own transaction: the count stands."""
    wrong = replace(wrong, then=lambda: fail(LookupError()))
    right = replace(claim, then=lambda: fail(LookupError()))
    with sa.create_engine(site.url, poolclass=sa.NullPool).connect() as own:
        if site.place.database != "sqlite":  # where a writer would keep all others waiting
            own.execute(sa.insert(Login), replace(claim, subject="own").login)
        for count in (1, 2, 3):
            assert got(desk, wrong) == "InvalidCode"
            assert outside.see(claim.subject).failures == count
            with pytest.raises(LookupError):
                desk.claim(right)
        own.rollback()
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failures, seen.failed) == (frozenset(), 3, 3)
    assert "wrong" not in desk.calls


def test_of_two_claimers_of_one_code_one_gets_a_session(site, outside, claim):
    """Both have loaded the same set before either writes."""
    clock = MeetingClock(threading.Barrier(2))
    desks = [site.opened(clock=clock) for _ in range(2)]

    def contend(desk, attempt):
        clock.arm()
        return got(desk, replace(claim, attempt=attempt))

    with ThreadPoolExecutor(2) as threads:
        outcomes = dict(zip("ab", threads.map(contend, desks, "ab", timeout=SECONDS), strict=True))
    assert sorted(outcomes.values()) == ["CodeAlreadyUsed", "Redemption"]
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failures) == ({0}, 1)
    assert [outcomes[attempt] for attempt in seen.attempts] == ["Redemption"]


@pytest.mark.parametrize("fails", [False, True], ids=["first commits", "first fails"])
def test_who_claims_while_another_host_is_at_work_gets_what_that_leaves(
    site, outside, claim, fails
):
    """They have seen the code unspent, and it is the other transaction's end that decides."""
    has_loaded = threading.Event()

    def tell():
        has_loaded.set()
        return NOW

    first, second = site.opened(), site.opened(clock=tell)
    with ThreadPoolExecutor(1) as threads:

        def then():
            rivals.append(threads.submit(got, second, replace(claim, attempt="second")))
            assert has_loaded.wait(SECONDS)
            if fails:
                raise LookupError

        rivals = []
        if fails:
            with pytest.raises(LookupError):
                first.claim(replace(claim, then=then))
        else:
            first.claim(replace(claim, then=then))
        outcome = rivals[0].result(SECONDS)
    seen = outside.see(claim.subject)
    assert outcome == ("Redemption" if fails else "CodeAlreadyUsed")
    assert (seen.spent, seen.failures) == ({0}, 0 if fails else 1)
    assert seen.attempts == ("second" if fails else "attempt",)


def test_a_host_that_commits_itself_has_its_session(desk, outside, claim):
    """It must not; but what landed is found and told, and nothing is half done."""
    assert not desk.claim(replace(claim, end=End.COMMIT)).replayed
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts) == ({0}, ("attempt",))
    assert desk.claim(claim).replayed
    assert desk.calls == ["attempt"]


@pytest.mark.parametrize("end", [End.ROLL_BACK, End.CLOSE], ids=lambda end: end.value)
def test_a_host_that_rolls_back_itself_has_nothing(desk, outside, claim, end):
    """It must not; nobody can tell what landed, the code is good, and a retry tells the truth."""
    with pytest.raises(OutcomeUnknown) as caught:
        desk.claim(replace(claim, end=end))
    assert caught.value.attempt == claim.attempt
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failed) == (frozenset(), 0)

    assert not desk.claim(claim).replayed
    assert outside.see(claim.subject).spent == {0}
