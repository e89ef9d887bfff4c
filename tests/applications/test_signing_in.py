"""Signing in over HTTP: a password, then a recovery code."""

import re

import pytest

from examples.host import tables, texts
from recoverykit import MalformedCode, TooManyAttempts
from tests.applications.visitor import Visitor

# The database does not matter here.
pytestmark = pytest.mark.parametrize("program", ["sqlite"], indirect=True)


def mistyped(code):
    return code[:-1] + ("7" if code[-1] != "7" else "8")


def test_without_codes_the_password_is_enough(visitor, ada, program):
    """Who has not made codes yet signs in by the password alone."""
    assert visitor.show_password(ada).path == "/codes"
    assert program.sessions(ada.id, with_code=False) == 1


def test_a_typing_error_is_told_and_costs_nothing(visitor, enrolled):
    """A code with a wrong symbol is told as such, however often."""
    visitor.show_password(enrolled)
    for _ in range(7):
        seen = visitor.send("/login/code", code=mistyped(enrolled.codes[0]))
        assert (seen.status, seen.problem) == (422, MalformedCode.public_message)
    assert visitor.send("/login/code", code=enrolled.codes[0]).path == "/codes"


def test_no_text_brings_the_application_down(visitor, enrolled):
    """Whatever is typed as a code is a typing error."""
    visitor.show_password(enrolled)
    for typed in ("", "   ", "\0", "x" * 5000, "é" * 200):
        assert visitor.send("/login/code", code=typed).status == 422


def test_all_refusals_look_the_same(visitor, enrolled, foreign):
    """Neither the status nor the page tells a used code from a wrong one."""
    used = enrolled.codes[-1]
    visitor.sign_in(enrolled)
    visitor = Visitor(visitor.program)
    visitor.show_password(enrolled)
    wrong = visitor.send("/login/code", code=foreign[0])
    spent = visitor.send("/login/code", code=used)

    assert wrong.status == spent.status == 403
    assert wrong.html == spent.html


def test_a_delay_says_when(visitor, enrolled, foreign):
    """After five wrong codes nothing is judged for a while, and the page says for how long."""
    visitor.show_password(enrolled)
    wrong = [visitor.send("/login/code", code=code) for code in foreign[:5]]
    refused = visitor.send("/login/code", code=enrolled.codes[0])

    assert [seen.status for seen in wrong] == [403] * 5
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert refused.problem.startswith(TooManyAttempts.public_message)
    assert re.search(r"possible at \d\d:\d\d:\d\d UTC\.$", refused.problem)


def test_a_new_login_does_not_end_a_delay(visitor, enrolled, foreign):
    """The failures belong to the account, not to the session that made them."""
    visitor.show_password(enrolled)
    for code in foreign[:5]:
        visitor.send("/login/code", code=code)
    another = Visitor(visitor.program)
    another.show_password(enrolled)
    assert another.send("/login/code", code=enrolled.codes[0]).status == 429


def test_wrong_passwords_run_into_a_brake(visitor, ada):
    """After ten wrong passwords not even the right one is looked at, in whatever case the name."""
    visitor.open("/login")
    for _ in range(5):
        visitor.send("/login", name=ada.name, password="wrong")
        visitor.send("/login", name=ada.name.upper(), password="wrong")
    seen = visitor.send("/login", name=ada.name, password=ada.password)
    assert (seen.status, seen.problem) == (429, texts.TOO_MANY_PASSWORDS)


def test_the_second_step_needs_the_first(visitor, enrolled):
    """A code alone opens nothing, and is not spent."""
    visitor.open("/login")
    csrf = visitor.page.forms["/login"]
    assert visitor.open("/login/code").path == "/login"
    assert visitor.post("/login/code", csrf=csrf, code=enrolled.codes[0]).path == "/login"
    assert "Left: 9 of 10." in visitor.sign_in(enrolled).html


def test_every_step_has_an_id_of_its_own(visitor, enrolled):
    """No id that was there before a step is worth anything after it."""
    visitor.open("/login")
    ids = [visitor.cookie("login")]
    visitor.send("/login", name=enrolled.name, password=enrolled.password)
    ids.append(visitor.cookie("login"))
    visitor.send("/login/code", code=enrolled.codes[0])
    ids.append(visitor.cookie("session"))
    assert len(set(ids)) == 3


def test_a_planted_id_is_not_adopted(visitor, enrolled, program):
    """Whoever plants ids into a browser cannot use them after its user has signed in."""
    thief = Visitor(program)
    for browser in (visitor, thief):
        browser.plant("login", "5" * 64)
        browser.plant("session", "6" * 64)
    visitor.sign_in(enrolled)

    assert thief.open("/codes").path == "/login"
    assert thief.open("/login/code").path == "/login"


def test_the_id_of_the_first_step_does_not_become_a_session(visitor, enrolled, program):
    """Whoever holds the id of a login knows no session, although that login opens one."""
    visitor.show_password(enrolled)
    thief = visitor.twin()
    visitor.send("/login/code", code=enrolled.codes[0])
    thief.plant("session", thief.cookie("login"))

    assert visitor.open("/codes").path == "/codes"
    assert thief.open("/codes").path == "/login"


def test_signing_out_ends_the_session_on_the_server(visitor, enrolled, program):
    """A copy of the cookie is worth nothing after the logout."""
    visitor.sign_in(enrolled)
    thief = visitor.twin()
    before = program.sessions(enrolled.id, with_code=True)
    visitor.sign_out()

    assert thief.open("/codes").path == "/login"
    assert program.sessions(enrolled.id, with_code=True) == before - 1


def test_logins_and_sessions_expire(visitor, enrolled, program):
    """Their ends are kept on the server, and what has ended is removed by the next login."""
    visitor.show_password(enrolled)
    end_all(program, tables.pending_logins, enrolled)
    assert visitor.send("/login/code", code=enrolled.codes[-1]).path == "/login"
    visitor.sign_in(enrolled)
    end_all(program, tables.sessions, enrolled)
    assert visitor.open("/codes").path == "/login"

    visitor.sign_in(enrolled)
    assert len(program.rows(tables.sessions, user_id=enrolled.id)) == 1
    assert len(program.rows(tables.pending_logins, user_id=enrolled.id)) == 2


def end_all(program, table, account):
    with program.engine.begin() as connection:
        ended = table.update().where(table.c.user_id == account.id).values(expires_at=0)
        connection.execute(ended)


def test_only_digests_of_ids_are_stored(visitor, enrolled, program):
    """Whoever reads the host's tables can take over neither a session nor a login."""
    visitor.sign_in(enrolled)
    ids = {visitor.cookie("login"), visitor.cookie("session")}
    stored = {
        value
        for table in (tables.sessions, tables.pending_logins)
        for row in program.rows(table, user_id=enrolled.id)
        for value in row
    }
    assert not ids & stored
