"""How an application is started: its one command, its keys, its cookies."""

import re

from examples.host import texts
from tests.applications.cases import any_application, any_database
from tests.applications.program import PASSWORD, ROOT, running
from tests.applications.visitor import Account, Visitor


def test_one_command_starts_it(application):
    """The Makefile has a target for it."""
    target = "demo-" + application.removesuffix("_host")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"{target}: $(VENV)/.hosts" in makefile
    assert f"-m examples.{application} " in makefile


@any_database
def test_the_user_of_the_demonstration_can_sign_in(visitor):
    """What the terminal says when the application starts is true."""
    assert PASSWORD in visitor.program.said()
    demonstration = Account(id="", name=" Ada ", password=PASSWORD)
    assert visitor.show_password(demonstration).path == "/codes"


@any_database
def test_the_keys_of_the_demonstration_are_for_its_owner_only(program):
    """Nobody else may read the file that was made for them."""
    assert program.key_file.stat().st_mode & 0o777 == 0o600


@any_database
def test_codes_belong_to_no_process(application, program, enrolled, tmp_path):
    """Another one lets people in by the same codes; this one by https, where cookies are bound."""
    choices = ("--https", "--key-file", str(program.key_file))
    with running(application, *choices, database=program.database, folder=tmp_path) as another:
        visitor = Visitor(another, is_https=True)
        assert visitor.sign_in(enrolled).path == "/codes"
        assert "Left: 9 of 10." in visitor.page.html
        assert {each.name for each in visitor.http.cookies} == {"__Host-login", "__Host-session"}
        guarded = Visitor(another).open("/login")
    check_cookie(guarded, name="__Host-login", is_https=True)


@any_database
def test_cookies_are_guarded(visitor):
    """Neither scripts nor the forms of other sites get one."""
    check_cookie(visitor.open("/login"), name="login", is_https=False)


def check_cookie(seen, *, name, is_https):
    value, *attributes = seen.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(f"{name}=[0-9a-f]{{64}}", value)
    assert {"httponly", "samesite=lax", "path=/"} <= {each.lower() for each in attributes}
    assert ("Secure" in attributes) == is_https
    assert not any(each.startswith("Domain") for each in attributes)


@any_application
@any_database
def test_without_the_key_nobody_is_let_in(application, program, enrolled, tmp_path, monkeypatch):
    """Nor is anybody told a lie: what cannot be judged is not called wrong."""
    monkeypatch.setenv("RECOVERY_KEYS", "another=" + "0" * 64)
    with running(application, database=program.database, folder=tmp_path) as another:
        visitor = Visitor(another)
        visitor.show_password(enrolled)
        seen = visitor.send("/login/code", code=enrolled.codes[0])
    assert seen.status == 500
    assert texts.BROKEN.text in seen.html
    assert visitor.cookie("session") is None
