"""What a user does with codes, from the first sheet to the end, on every database."""

import contextlib

from examples.host import texts
from recoverykit import InvalidCode


def test_the_whole_story(visitor, ada):
    """Codes are made, let their owner in once each, are replaced, and are revoked."""
    assert visitor.sign_in(ada).path == "/codes"
    codes = visitor.make_codes(ada)
    assert visitor.sign_out().path == "/login"

    assert visitor.show_password(ada).path == "/login/code"
    seen = visitor.send("/login/code", code=codes[3].lower().replace("-", " "))
    assert (seen.path, seen.status) == ("/codes", 200)
    assert "Left: 9 of 10." in seen.html
    visitor.sign_out()

    visitor.show_password(ada)
    seen = visitor.send("/login/code", code=codes[3])
    assert (seen.path, seen.status) == ("/login/code", 403)
    assert seen.problem == InvalidCode.public_message
    assert visitor.cookie("session") is None
    assert visitor.send("/login/code", code=codes[4]).path == "/codes"

    replaced = visitor.make_codes(ada, action="/codes/replace")
    assert not set(replaced) & set(codes)
    visitor.sign_out()
    visitor.show_password(ada)
    assert visitor.send("/login/code", code=codes[5]).status == 403
    assert visitor.send("/login/code", code=replaced[5]).path == "/codes"

    visitor.unlock(ada)
    assert texts.REVOKED in visitor.send("/codes/revoke").html
    visitor.sign_out()
    assert visitor.show_password(ada).path == "/codes"


@contextlib.contextmanager
def without_sessions(program):
    """Let the application find no table for its sessions."""
    with program.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions RENAME TO sessions_elsewhere")
    try:
        yield
    finally:
        with program.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE sessions_elsewhere RENAME TO sessions")


def test_a_code_is_spent_with_its_session_or_not_at_all(visitor, enrolled, program):
    """Where the session cannot be written the code stays good, in the same login even."""
    code = enrolled.codes[0]
    visitor.show_password(enrolled)
    form = visitor.twin()
    with without_sessions(program):
        seen = visitor.send("/login/code", code=code)
    assert seen.status == 500
    assert visitor.cookie("session") is None

    assert "Left: 9 of 10." in form.send("/login/code", code=code).html
    assert program.sessions(enrolled.id, with_code=True) == 1
    assert code not in program.said()


def test_nobody_learns_who_has_an_account(visitor, ada):
    """A wrong password and a name that nobody has get the same answer."""
    visitor.open("/login")
    wrong = visitor.send("/login", name=ada.name, password="wrong")
    unknown = visitor.send("/login", name="nobody at all", password="wrong")
    impossible = visitor.send("/login", name="no\0body", password="wrong")

    assert wrong.problem == texts.WRONG_PASSWORD
    assert (wrong.status, wrong.html) == (unknown.status, unknown.html)
    assert (wrong.status, wrong.html) == (impossible.status, impossible.html)
