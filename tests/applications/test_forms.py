"""Forms and pages: nothing forged is done, nothing is cached, everything has a label."""

import re
from itertools import product

import pytest

from examples.host import texts
from tests.applications.visitor import Visitor

_ACTIONS = [
    "/codes/issue",
    "/codes/replace",
    "/codes/confirm",
    "/codes/revoke",
    "/codes/unlock",
    "/logout",
]
_PATHS = ["/", "/login", "/login/code", "/codes", "/codes/unlock", "/nothing"]

# The database does not matter here.
pytestmark = pytest.mark.parametrize("program", ["sqlite"], indirect=True)


def test_a_forged_form_does_nothing(visitor, enrolled):
    """A form without the token, or with one of another browser or another cookie, is refused."""
    visitor.sign_in(enrolled)
    page = visitor.unlock(enrolled).html
    others = Visitor(visitor.program).open("/login").forms["/login"]
    # That of the login is handed to whoever asks for it.
    tokens = ({}, {"csrf": others}, {"csrf": visitor.open("/login").forms["/login"]})
    for action, token in product(_ACTIONS, tokens):
        seen = visitor.post(action, password=enrolled.password, **token)
        assert (seen.path, seen.status) == (action, 403)
        assert texts.OUT_OF_DATE in seen.html
    assert visitor.open("/codes").html == page


def test_a_forged_login_opens_no_session(visitor, enrolled):
    """Nobody can be signed in to somebody else's account without noticing."""
    fields = {"name": enrolled.name, "password": enrolled.password, "code": enrolled.codes[0]}
    assert visitor.post("/login", **fields).status == 403
    visitor.show_password(enrolled)
    for action, csrf in product(("/login", "/login/code"), ("", "0" * 64, "é")):
        assert visitor.post(action, csrf=csrf, **fields).status == 403
    assert visitor.cookie("session") is None


def test_a_link_changes_nothing(visitor, ada):
    """What changes something is sent by a form, never by following a link."""
    visitor.sign_in(ada)
    for action in set(_ACTIONS) - {"/codes/unlock"}:
        assert visitor.open(action).status == 405


def test_nothing_is_kept_by_a_cache(visitor, enrolled):
    """Every answer says so, a redirect and a mistake included."""
    for signed_in in (False, True):
        if signed_in:
            visitor.sign_in(enrolled)
        for path in _PATHS:
            answer = visitor.http.get(visitor.program.url + path, allow_redirects=False, timeout=60)
            assert answer.headers["Cache-Control"] == "no-store", path
    visitor.unlock(enrolled)
    sheet = visitor.send("/codes/replace")
    assert sheet.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in sheet.headers["Content-Security-Policy"]
    assert sheet.headers["Referrer-Policy"] == "no-referrer"


def test_codes_are_shown_once(visitor, enrolled):
    """No page that can be opened shows the codes after the one that made them."""
    visitor.sign_in(enrolled)
    visitor.unlock(enrolled)
    codes = visitor.send("/codes/replace").codes
    pages = [visitor.open(path).html for path in _PATHS]
    pages.append(visitor.http.get(visitor.program.url + "/codes", timeout=60).text)
    assert len(codes) == 10
    assert not any(code in page for code in codes for page in pages)


def test_what_was_typed_is_not_shown_again(visitor, enrolled):
    """A refused code does not stand in the page that refuses it."""
    visitor.show_password(enrolled)
    typed = enrolled.codes[0][:-1]
    assert typed not in visitor.send("/login/code", code=typed).html


def test_every_field_has_a_label(visitor, enrolled):
    """The pages can be used by ear, and a password manager knows what is asked for."""
    pages = [visitor.open("/login"), visitor.show_password(enrolled)]
    pages += [
        visitor.send("/login/code", code="wrong"),
        visitor.send("/login/code", code=enrolled.codes[0]),
        visitor.open("/codes/unlock"),
        visitor.unlock(enrolled),
        visitor.send("/codes/replace"),
    ]
    fields = [each for page in pages for each in re.findall(r'<input id="(\w+)"', page.html)]
    for page in pages:
        assert '<html lang="en">' in page.html
        assert page.html.count("<h1>") == 1
        for field in re.findall(r'<input id="(\w+)"', page.html):
            assert f'<label for="{field}">' in page.html
    assert set(fields) == {"name", "password", "code"}
    assert 'autocomplete="one-time-code"' in pages[1].html
    assert 'aria-describedby="problem"' in pages[2].html


def test_a_form_of_any_size_is_not_read(visitor):
    """Nobody fills the memory of the server by a form."""
    visitor.open("/login")
    assert visitor.send("/login", name="x" * 100_000, password="x").status == 413
