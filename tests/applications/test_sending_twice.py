"""A form that is sent twice, or whose answer was lost: the same login, and no second session."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from examples.host import codes, logins, texts
from tests.applications.visitor import Visitor

_ROUNDS = 8


def test_a_lost_answer_costs_no_code(visitor, enrolled, program):
    """Who sends the same code again gets the session that the first one has opened."""
    visitor.show_password(enrolled)
    lost = visitor.twin()
    lost.send("/login/code", code=enrolled.codes[0])
    seen = visitor.send("/login/code", code=enrolled.codes[0])

    assert (seen.path, seen.status) == ("/codes", 200)
    assert "Left: 9 of 10." in seen.html
    assert visitor.cookie("session") == lost.cookie("session")
    assert program.sessions(enrolled.id, with_code=True) == 1


def test_an_attempt_is_remembered_for_as_long_as_its_form_is_good():
    """No form outlives what makes it safe to send it again."""
    assert codes.POLICY.replay_for.total_seconds() >= logins.LIFETIME


def test_a_double_click_opens_one_session(enrolled, program):
    """Both answers lead to the one session, whichever the browser shows."""
    for code in enrolled.codes[:_ROUNDS]:
        first = Visitor(program)
        first.show_password(enrolled)
        clicks, barrier = [first, first.twin()], Barrier(2)
        before = program.sessions(enrolled.id, with_code=True)

        def click(visitor, code=code, barrier=barrier):
            barrier.wait(60)
            return visitor.send("/login/code", code=code).path

        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(click, clicks)) == ["/codes", "/codes"]
        assert len({visitor.cookie("session") for visitor in clicks}) == 1
        assert program.sessions(enrolled.id, with_code=True) == before + 1


def test_a_login_opens_one_session_only(visitor, enrolled, program):
    """Another code in a login that is finished is refused, and not spent."""
    visitor.show_password(enrolled)
    again = visitor.twin()
    visitor.send("/login/code", code=enrolled.codes[0])
    seen = again.send("/login/code", code=enrolled.codes[1])

    assert seen.status == 409
    assert texts.LOGIN_FINISHED in seen.html
    assert again.cookie("session") is None
    assert "Left: 9 of 10." in visitor.open("/codes").html
    assert program.sessions(enrolled.id, with_code=True) == 1


def test_two_codes_in_one_login_at_once(enrolled, program):
    """Of two codes that are typed into one login at the same moment, one is spent."""
    first = Visitor(program)
    first.show_password(enrolled)
    barrier = Barrier(2)

    def click(visitor, code):
        barrier.wait(60)
        return visitor.send("/login/code", code=code).path

    with ThreadPoolExecutor(2) as threads:
        paths = list(threads.map(click, [first, first.twin()], enrolled.codes[:2]))

    assert sorted(paths) == ["/codes", "/login/code"]
    assert program.sessions(enrolled.id, with_code=True) == 1
    # Two were made for Ada's next login, but one of them was spent by this one.
    assert "Left: 8 of 10." in Visitor(program).sign_in(enrolled).html


def test_a_form_from_before_the_logout_opens_nothing(visitor, enrolled, program):
    """Who finds the form of somebody who has signed out, and even the code, is not let in."""
    visitor.show_password(enrolled)
    thief = visitor.twin()
    visitor.send("/login/code", code=enrolled.codes[0])
    visitor.sign_out()

    assert thief.send("/login/code", code=enrolled.codes[0]).path == "/login"
    assert program.sessions(enrolled.id, with_code=True) == 0


def test_a_form_of_somebody_who_is_signed_out_elsewhere(visitor, enrolled, program):
    """A replay does not bring back a session that is gone."""
    visitor.show_password(enrolled)
    visitor.send("/login/code", code=enrolled.codes[0])
    with program.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sessions WHERE attempt IS NOT NULL")

    visitor.open("/login/code")
    assert visitor.send("/login/code", code=enrolled.codes[0]).path == "/login"
    assert program.sessions(enrolled.id, with_code=True) == 0
