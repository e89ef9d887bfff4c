"""Two browsers with the same code at the same moment: one gets in."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from examples.host import tables
from tests.applications.visitor import Visitor

_ACCOUNTS = 2
_ROUNDS = 9  # one code is left for the last look


def test_one_code_lets_one_browser_in(somebody, program):
    """Exactly one of two gets a session, and exactly one session row was written for the code."""
    for _ in range(_ACCOUNTS):
        ada = somebody()
        owner = Visitor(program)
        owner.sign_in(ada)
        owner.make_codes(ada)
        for code in ada.codes[:_ROUNDS]:
            race(program, ada, code)
        assert f"Left: {10 - _ROUNDS} of 10." in owner.open("/codes").html


def race(program, ada, code):
    visitors, barrier = [Visitor(program), Visitor(program)], Barrier(2)
    for visitor in visitors:
        visitor.show_password(ada)
    before = attempts(program, ada)

    def run(visitor):
        barrier.wait(60)
        return visitor.send("/login/code", code=code, follow=False)

    with ThreadPoolExecutor(2) as threads:
        seen = list(threads.map(run, visitors))

    assert sorted(each.status for each in seen) == [303, 403]
    (winner,) = [visitor for visitor in visitors if visitor.cookie("session")]
    assert winner.page.status == 303
    assert winner.open("/codes").path == "/codes"
    assert len(attempts(program, ada) - before) == 1


def attempts(program, ada):
    """Return what spent a code for each session; no two sessions have the same."""
    rows = program.rows(tables.sessions, user_id=ada.id)
    found = [row.attempt for row in rows if row.attempt is not None]
    assert len(found) == len(set(found))
    return set(found)
