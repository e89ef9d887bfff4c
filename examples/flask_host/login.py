"""The login: a password first, then a recovery code."""

from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from examples.flask_host import browser, host
from examples.host import codes, logins, pages, sessions, texts, tokens, users
from examples.host.logins import LoginFinished, PendingLogin
from examples.host.users import User
from recoverykit import RedemptionRefused

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
def ask_for_password() -> Response:
    """Show the first step."""
    visitor = browser.held(browser.LOGIN) or tokens.new_id()
    response = browser.answer(pages.password_page(tokens.csrf_token_of(visitor)))
    browser.keep(response, browser.LOGIN, visitor, seconds=logins.LIFETIME)
    return response


@blueprint.post("/login")
def take_password() -> Response:
    """Check the first factor. The answer does not tell whether there is such a user."""
    name, place = users.folded(request.form.get("name", "")), request.remote_addr or ""
    brake = host.current().brake
    if not brake.admits(name, place=place):
        return _again(texts.TOO_MANY_PASSWORDS, HTTPStatus.TOO_MANY_REQUESTS)
    with host.current().engine.connect() as connection:
        user = users.find(connection, name)
    # In this order: the password is hashed where there is no such user, too.
    if not users.is_password_of(user, request.form.get("password", "")) or user is None:
        return _again(texts.WRONG_PASSWORD, HTTPStatus.FORBIDDEN)
    brake.release(name, place=place)
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
    """Spend a code and open the session, both or neither.

    Where the form is sent twice the second redemption is a replay: the session of the first is
    there, the browser gets its id once more, and no second session is opened.
    """
    login = _pending()
    if login is None:
        return browser.go("/login")

    def open_session(connection: Connection) -> None:
        logins.finish(connection, login.id)
        sessions.open_with_code(
            connection,
            login.session_id,
            user_id=login.user_id,
            attempt=login.attempt,
            now=host.now(),
        )

    try:
        host.current().kit.redeem(
            login.user_id,
            request.form.get("code", ""),
            attempt=login.attempt,
            within=open_session,
            context=host.source(),
        )
    except RedemptionRefused as refused:
        return browser.answer(pages.code_page(tokens.csrf_token_of(login.id), refused=refused))
    except LoginFinished:
        return browser.answer(pages.message_page(texts.LOGIN_FINISHED, status=HTTPStatus.CONFLICT))
    response = browser.go("/codes")
    browser.keep(response, browser.SESSION, login.session_id, seconds=sessions.LIFETIME)
    return response


def _pending() -> PendingLogin | None:
    login_id = browser.held(browser.LOGIN)
    if not login_id:
        return None
    with host.current().engine.connect() as connection:
        return logins.find(connection, login_id, now=host.now())


def _again(problem: str, status: int) -> Response:
    visitor = browser.held(browser.LOGIN) or ""  # the form has passed, so it is there
    csrf = tokens.csrf_token_of(visitor)
    return browser.answer(pages.password_page(csrf, problem=problem, status=status))


def _wait_for_code(user: User) -> Response:
    with host.current().engine.begin() as connection:
        _sweep(connection)
        login_id = logins.begin(connection, user.id, now=host.now())
    response = browser.go("/login/code")
    browser.keep(response, browser.LOGIN, login_id, seconds=logins.LIFETIME)
    return response


def _let_in(user: User) -> Response:
    with host.current().engine.begin() as connection:
        _sweep(connection)
        session_id = sessions.open_with_password(connection, user_id=user.id, now=host.now())
    response = browser.go("/codes")
    browser.keep(response, browser.SESSION, session_id, seconds=sessions.LIFETIME)
    browser.drop(response, browser.LOGIN)
    return response


def _sweep(connection: Connection) -> None:
    # Only after a right password: nobody else makes the database write.
    logins.sweep(connection, now=host.now())
    sessions.sweep(connection, now=host.now())
