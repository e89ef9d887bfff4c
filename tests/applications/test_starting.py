"""How an application is started: its one command, its keys, its cookies."""

import re

from examples.host import texts, users
from tests.applications.program import PASSWORD, ROOT, running
from tests.applications.visitor import Account, Visitor


def test_one_command_starts_it(application):
    """The Makefile has a target for it."""
    target = "demo-" + application.removesuffix("_host")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert f"{target}: $(VENV)/.hosts" in makefile
    assert f"-m examples.{application} " in makefile


def test_the_user_of_the_demonstration_can_sign_in(visitor):
    """What the terminal says when the application starts is true."""
    assert PASSWORD in visitor.program.said()
    demonstration = Account(id="", name=" Ada ", password=PASSWORD)
    assert visitor.show_password(demonstration).path == "/codes"


def test_the_keys_of_the_demonstration_are_for_its_owner_only(program):
    """Nobody else may read the file that was made for them."""
    (path,) = program.folder.glob("*.key")
    assert path.stat().st_mode & 0o777 == 0o600


def test_codes_outlive_the_process(application, tmp_path, monkeypatch):
    """Codes work after a restart, and without their key nobody is let in, nor told a lie."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running(application, database=database, folder=tmp_path) as program:
        ada = account_of(program, "ada")
        visitor = Visitor(program)
        visitor.sign_in(ada)
        visitor.make_codes(ada)
    with running(application, database=database, folder=tmp_path) as program:
        assert Visitor(program).sign_in(ada).path == "/codes"
    monkeypatch.setenv("RECOVERY_KEYS", "another=" + "0" * 64)
    with running(application, database=database, folder=tmp_path) as program:
        visitor = Visitor(program)
        visitor.show_password(ada)
        seen = visitor.send("/login/code", code=ada.codes[0])
        assert seen.status == 500
        assert texts.BROKEN in seen.html
        assert visitor.cookie("session") is None


def account_of(program, name):
    with program.engine.connect() as connection:
        user = users.find(connection, name)
    return Account(id=user.id, name=name, password=PASSWORD)


def test_cookies_are_guarded(visitor, application, tmp_path):
    """Scripts and other sites get no cookie, and by https nobody else does."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running(application, "--https", database=database, folder=tmp_path) as program:
        guarded = Visitor(program).open("/login").headers["Set-Cookie"].split("; ")
    plain = visitor.open("/login").headers["Set-Cookie"].split("; ")

    for name, *attributes in (plain, guarded):
        assert re.fullmatch("(__Host-)?login=[0-9a-f]{64}", name)
        assert {"httponly", "samesite=lax", "path=/"} <= {each.lower() for each in attributes}
        assert ("Secure" in attributes) == name.startswith("__Host-")
        assert not any(each.startswith("Domain") for each in attributes)
    assert (plain[0][:6], guarded[0][:6]) == ("login=", "__Host")
