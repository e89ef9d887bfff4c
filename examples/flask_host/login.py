"""The login: a password first, then a recovery code."""

from functools import partial

from flask import Blueprint, Response, request

from examples.flask_host import browser, host, passwords
from examples.host import (
    clock,
    codes,
    cookies,
    logins,
    pages,
    sessions,
    signing_in,
    texts,
    tokens,
    users,
)
from examples.host.logins import LoginFinished, PendingLogin
from examples.host.texts import Problem
from examples.host.users import User
from recoverykit import RedemptionRefused

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
def ask_for_password() -> Response:
    """Show the first step."""
    visitor = tokens.id_from(browser.held(cookies.LOGIN))
    response = browser.answer(pages.password_page(tokens.csrf_token_of(visitor)))
    browser.keep(response, cookies.LOGIN, visitor, seconds=logins.LIFETIME)
    return response


@blueprint.post("/login")
def take_password() -> Response:
    """Check the first factor. The answer does not tell whether there is such a user."""
    name = users.folded(request.form.get("name", ""))
    user = passwords.shown_by(name, place=request.remote_addr or "")
    if isinstance(user, Problem):
        visitor = browser.held(cookies.LOGIN) or ""  # the form has passed, so it is there
        return browser.answer(pages.password_page(tokens.csrf_token_of(visitor), problem=user))
    if codes.asks_for_code(host.current().kit.status(user.id)):
        return _wait_for_code(user)
    return _let_in(user)


@blueprint.get("/login/code")
def ask_for_code() -> Response:
    """Show the second step."""
    login = _pending()
    if login is None:
        return browser.go("/login")
    return browser.answer(pages.code_page(tokens.csrf_token_of(login.id)))


@blueprint.post("/login/code")
def take_code() -> Response:
    """Spend a code and open the session, both or neither."""
    login = _pending()
    if login is None:
        return browser.go("/login")

    try:
        host.current().kit.redeem(
            login.user_id,
            request.form.get("code", ""),
            attempt=login.attempt,
            within=partial(signing_in.open_session, login=login, now=clock.now()),
            context=host.source(),
        )
    except RedemptionRefused as refused:
        return browser.answer(pages.code_page(tokens.csrf_token_of(login.id), refused=refused))
    except LoginFinished:
        return browser.answer(pages.problem_page(texts.LOGIN_FINISHED))
    response = browser.go("/codes")
    browser.keep(response, cookies.SESSION, login.session_id, seconds=sessions.LIFETIME)
    return response


def _pending() -> PendingLogin | None:
    login_id = browser.held(cookies.LOGIN)
    if not login_id:
        return None
    with host.current().engine.connect() as connection:
        return logins.find(connection, login_id, now=clock.now())


def _wait_for_code(user: User) -> Response:
    with host.current().engine.begin() as connection:
        login_id = signing_in.wait_for_code(connection, user, now=clock.now())
    response = browser.go("/login/code")
    browser.keep(response, cookies.LOGIN, login_id, seconds=logins.LIFETIME)
    return response


def _let_in(user: User) -> Response:
    with host.current().engine.begin() as connection:
        session_id = signing_in.let_in(connection, user, now=clock.now())
    response = browser.go("/codes")
    browser.keep(response, cookies.SESSION, session_id, seconds=sessions.LIFETIME)
    browser.drop(response, cookies.LOGIN)
    return response
