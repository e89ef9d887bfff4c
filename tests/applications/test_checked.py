"""The check of hosts, by browsers over real sockets: the applications keep every promise."""

import sqlalchemy as sa

from recoverykit.testing.hosts import FORMS, PROMISES, Host, check_host
from tests.applications.cases import any_database
from tests.applications.visitor import Visitor

# What cannot be seen: who does not exist never comes to the second step, nothing is in lower case
# that is shown in capitals, and the clock is that of the application.
NOT_CHECKED = {"H12", "H13", "F2"}


@any_database
def test_the_application_passes(program, office, somebody):
    """One code, one session, whatever is sent, and by how many browsers."""

    def arrive(account):
        """Take the first step of the login, and return what takes the second."""
        visitor = Visitor(program)
        visitor.show_password(account)
        # Where no code counts any more, nobody is asked for one.
        is_asked = "/login/code" in visitor.page.forms
        return lambda code: (
            is_asked
            and visitor.send("/login/code", code=code, follow=False).status == 303
            and visitor.open("/codes").path == "/codes"
        )

    def stored():
        """Return every row of every table, and what was logged."""
        found = sa.MetaData()
        found.reflect(program.engine)
        for table in found.sorted_tables:
            yield from map(repr, program.rows(table))
        yield program.said()

    host = Host(
        new_user=somebody,
        issue=lambda account: office.issue(account.id).codes,
        redeem=lambda account, code: arrive(account)(code),
        arrive=arrive,
        regenerate=lambda account: office.issue(account.id, replace=True).codes,
        revoke=lambda account: office.revoke(account.id),
        remaining=lambda account: office.status(account.id).remaining,
        dump=stored,
        set_size=10,
        free_guesses=4,
        most_guesses=20,
        further_forms=FORMS[-2:],
    )
    checked = check_host(host, examples=1, rounds=3, threads=4, tell=lambda _: None)
    assert set(checked.kept) == {each.id for each in PROMISES} - NOT_CHECKED
    assert checked.errors.keys() <= {"ConcurrentUpdate"}
