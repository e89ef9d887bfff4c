"""The management page: making, confirming, replacing and revoking codes."""

import pytest

from examples.host import texts
from recoverykit import InvalidCode, MalformedCode
from tests.applications.visitor import Visitor

# The database does not matter here.
pytestmark = pytest.mark.parametrize("program", ["sqlite"], indirect=True)


def test_nothing_is_changed_without_an_unlock(visitor, enrolled):
    """A session alone, stolen perhaps, leads no further than to the question for the password."""
    visitor.sign_in(enrolled)
    csrf = visitor.page.forms["/codes/revoke"]
    for action in ("/codes/issue", "/codes/replace", "/codes/revoke"):
        seen = visitor.post(action, csrf=csrf)
        assert (seen.path, seen.codes) == ("/codes/unlock", [])
    assert "State: active. Left: 9 of 10." in visitor.open("/codes").html


def test_a_wrong_password_unlocks_nothing(visitor, enrolled):
    """The password is asked for again, and must be right."""
    visitor.sign_in(enrolled)
    visitor.open("/codes/unlock")
    seen = visitor.send("/codes/unlock", password="wrong")
    assert (seen.status, seen.problem) == (403, texts.WRONG_PASSWORD)
    visitor.open("/codes")
    assert visitor.send("/codes/replace").path == "/codes/unlock"


def test_a_thief_of_a_session_runs_into_the_brake(visitor, enrolled):
    """The password cannot be guessed at the door of the codes either."""
    visitor.sign_in(enrolled)
    visitor.open("/codes/unlock")
    for _ in range(10):
        visitor.send("/codes/unlock", password="wrong")
    assert visitor.send("/codes/unlock", password=enrolled.password).status == 429


def test_an_unlock_is_of_one_session(visitor, enrolled):
    """What one session has unlocked stays closed for another one of the same user."""
    visitor.sign_in(enrolled)
    another = Visitor(visitor.program)
    another.sign_in(enrolled)
    visitor.unlock(enrolled)
    assert another.send("/codes/replace").path == "/codes/unlock"


def test_an_unlock_ends_with_the_session(visitor, enrolled):
    """Who signs in again has to unlock again."""
    visitor.sign_in(enrolled)
    visitor.unlock(enrolled)
    visitor.sign_out()
    visitor.sign_in(enrolled)
    assert visitor.send("/codes/replace").path == "/codes/unlock"


def test_a_session_from_before_the_codes_cannot_change_them(program, ada):
    """A session that has shown a password only does not touch the second factor."""
    early, owner = Visitor(program), Visitor(program)
    early.sign_in(ada)
    owner.sign_in(ada)
    owner.make_codes(ada)
    seen = early.unlock(ada)
    assert (seen.status, seen.problem) == (403, texts.NEEDS_CODE)


def test_the_session_that_made_the_codes_may_change_them(visitor, ada):
    """It has typed one of them back."""
    visitor.sign_in(ada)
    first = visitor.make_codes(ada)
    second = visitor.make_codes(ada, action="/codes/replace")
    assert not set(first) & set(second)


def test_new_codes_count_once_one_was_typed_back(visitor, enrolled):
    """Until then the old ones count, and who has lost the new ones has lost nothing."""
    visitor.sign_in(enrolled)
    old = enrolled.codes[:]
    visitor.unlock(enrolled)
    new = visitor.send("/codes/replace").codes
    assert len(set(new)) == 10

    other = Visitor(visitor.program)
    other.show_password(enrolled)
    assert other.send("/login/code", code=old[0]).path == "/codes"
    assert "State: active. Left: 8 of 10." in other.page.html

    seen = visitor.send("/codes/confirm", code=new[4])
    assert texts.CONFIRMED in seen.html
    assert "State: active. Left: 10 of 10." in visitor.open("/codes").html

    other = Visitor(visitor.program)
    other.show_password(enrolled)
    refused = other.send("/login/code", code=old[1])
    assert (refused.status, refused.problem) == (403, InvalidCode.public_message)
    assert other.send("/login/code", code=new[4]).path == "/codes"


def test_what_is_typed_back_is_judged(visitor, ada):
    """A typing error is told, a code of an older sheet is refused, and the new codes wait on."""
    visitor.sign_in(ada)
    visitor.unlock(ada)
    older = visitor.send("/codes/issue").codes
    visitor.open("/codes")
    newer = visitor.send("/codes/issue").codes  # as by a reload of the page
    seen = visitor.send("/codes/confirm", code=newer[0][:-1])
    assert (seen.status, seen.problem) == (422, MalformedCode.public_message)
    seen = visitor.send("/codes/confirm", code=older[0])
    assert (seen.status, seen.problem) == (403, InvalidCode.public_message)
    assert texts.CONFIRMED in visitor.send("/codes/confirm", code=newer[0]).html


def test_codes_that_count_are_not_given_up_by_accident(visitor, ada):
    """A form for first codes, sent where codes count by now, makes none."""
    visitor.sign_in(ada)
    visitor.unlock(ada)
    csrf = visitor.page.forms["/codes/issue"]
    codes = visitor.send("/codes/issue").codes
    visitor.send("/codes/confirm", code=codes[0])
    seen = visitor.post("/codes/issue", csrf=csrf)

    assert seen.status == 409
    assert texts.STILL_ISSUED in seen.html
    assert seen.codes == []


def test_revoked_codes_do_not_count(visitor, enrolled):
    """After it the password is enough, and new codes can be made."""
    visitor.sign_in(enrolled)
    visitor.unlock(enrolled)
    assert texts.REVOKED in visitor.send("/codes/revoke").html
    assert "State: revoked. Left: 0 of 10." in visitor.open("/codes").html
    visitor.sign_out()

    assert visitor.show_password(enrolled).path == "/codes"
    assert len(visitor.make_codes(enrolled)) == 10


def test_the_page_says_which_codes_are_used(visitor, enrolled):
    """By their numbers on the sheet, with the time, and never by the codes themselves."""
    kept = enrolled.codes[:]
    visitor.show_password(enrolled)
    html = visitor.send("/login/code", code=kept[6]).html
    rows = html.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")

    assert ["no</td>" in row for row in rows[:10]] == [True] * 6 + [False] + [True] * 3
    assert '<th scope="row">7</th>' in rows[6]
    assert "<time datetime=" in rows[6]
    assert not any(code in html for code in kept)


def test_few_codes_are_told(visitor, enrolled):
    """Before the last one is gone, the page asks for new ones."""
    for _ in range(7):
        assert 'id="low"' not in visitor.open("/codes").html
        visitor = Visitor(visitor.program)
        visitor.sign_in(enrolled)
    assert 'id="low"' in visitor.open("/codes").html


def test_the_last_code_does_not_open_the_door_for_good(visitor, enrolled, program):
    """Who has used up all codes is still asked for one: exhausted is not switched off."""
    codes = enrolled.codes[:]
    for code in codes:
        visitor = Visitor(program)
        visitor.show_password(enrolled)
        visitor.send("/login/code", code=code)
    assert "State: exhausted. Left: 0 of 10." in visitor.open("/codes").html
    assert Visitor(program).show_password(enrolled).path == "/login/code"

    visitor.make_codes(enrolled)
    assert Visitor(program).sign_in(enrolled).path == "/codes"
