"""The management page: what became of the codes, and making, confirming and revoking them."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, request

from examples.flask_host import browser, host
from examples.host import codes, logins, pages, sessions, texts, tokens, users
from examples.host.sessions import Session
from recoverykit import CodesAlreadyIssued, ManagementLocked, RedemptionRefused

_Rest = ParamSpec("_Rest")

blueprint = Blueprint("management", __name__)


def signed_in(view: Callable[Concatenate[Session, _Rest], Response]) -> Callable[_Rest, Response]:
    """Show a page to those who are signed in only."""

    @wraps(view)
    def guarded(*args: _Rest.args, **kwargs: _Rest.kwargs) -> Response:
        session = browser.session()
        return browser.go("/login") if session is None else view(session, *args, **kwargs)

    return guarded


@blueprint.get("/")
def start() -> Response:
    """Lead to the only page there is behind the login."""
    return browser.go("/codes")


@blueprint.get("/codes")
@signed_in
def show(session: Session) -> Response:
    """Show the state of the codes. A visit changes nothing."""
    return _manage(session)


@blueprint.post("/codes/issue")
@signed_in
def issue(session: Session) -> Response:
    """Make the first codes."""
    return _issue(session, replace=False)


@blueprint.post("/codes/replace")
@signed_in
def replace(session: Session) -> Response:
    """Make new codes in the place of those that count."""
    return _issue(session, replace=True)


@blueprint.post("/codes/confirm")
@signed_in
def confirm(session: Session) -> Response:
    """Let new codes count, for one of them was typed back."""
    kit = host.current().kit
    try:
        kit.confirm(session.user_id, request.form.get("code", ""), context=host.source())
    except RedemptionRefused as refused:
        return _manage(session, refused=refused)
    with host.current().engine.begin() as connection:
        sessions.mark_second_factor(connection, session.id)
    return browser.answer(pages.message_page(texts.CONFIRMED))


@blueprint.post("/codes/revoke")
@signed_in
def revoke(session: Session) -> Response:
    """Let no code count any more: from then on the password is enough."""
    try:
        host.current().kit.revoke(session.user_id, session=session.id, context=host.source())
    except ManagementLocked:
        return browser.go("/codes/unlock")
    return browser.answer(pages.message_page(texts.REVOKED))


@blueprint.get("/codes/unlock")
@signed_in
def ask_for_password(session: Session) -> Response:
    """Ask who is there, before anything can be changed."""
    return browser.answer(pages.unlock_page(tokens.csrf_token_of(session.id)))


@blueprint.post("/codes/unlock")
@signed_in
def unlock(session: Session) -> Response:
    """Let this session change the codes for a while.

    It takes two factors: the password now, and the code that opened the session. A host with
    another second factor asks for that one here, too.
    """
    kit, brake = host.current().kit, host.current().brake
    if not session.has_second_factor and codes.asks_for_code(kit.status(session.user_id)):
        # It was opened by the password alone, before there were codes.
        return _locked(session, texts.NEEDS_CODE, HTTPStatus.FORBIDDEN)
    # By session, for it is a stolen one that this page is about; a thief has many addresses.
    place = tokens.digest_of(session.id)
    if not brake.admits(session.name, place=place):
        return _locked(session, texts.TOO_MANY_PASSWORDS, HTTPStatus.TOO_MANY_REQUESTS)
    with host.current().engine.connect() as connection:
        user = users.find(connection, session.name)
    if not users.is_password_of(user, request.form.get("password", "")):
        return _locked(session, texts.WRONG_PASSWORD, HTTPStatus.FORBIDDEN)
    brake.release(session.name, place=place)
    kit.unlock(session.user_id, session=session.id, context=host.source())
    return browser.go("/codes")


@blueprint.post("/logout")
@signed_in
def leave(session: Session) -> Response:
    """End the session on the server, not only in the browser."""
    host.current().kit.lock(session.user_id, session=session.id, context=host.source())
    with host.current().engine.begin() as connection:
        sessions.close(connection, session.id)
        logins.end(connection, session.attempt)
    response = browser.go("/login")
    browser.drop(response, browser.SESSION)
    browser.drop(response, browser.LOGIN)
    return response


def _issue(session: Session, *, replace: bool) -> Response:
    try:
        issued = host.current().kit.issue(
            session.user_id, replace=replace, session=session.id, context=host.source()
        )
    except ManagementLocked:
        return browser.go("/codes/unlock")
    except CodesAlreadyIssued:
        return _manage(session, problem=texts.STILL_ISSUED)
    # Not on a page of its own that a redirect would lead to: the codes would have to be kept.
    csrf = tokens.csrf_token_of(session.id)
    return browser.answer(pages.sheet_page(csrf, name=session.name, issued=issued))


def _manage(
    session: Session, *, refused: RedemptionRefused | None = None, problem: str = ""
) -> Response:
    page = pages.manage_page(
        tokens.csrf_token_of(session.id),
        name=session.name,
        status=host.current().kit.status(session.user_id),
        refused=refused,
        problem=problem,
    )
    return browser.answer(page)


def _locked(session: Session, problem: str, status: int) -> Response:
    csrf = tokens.csrf_token_of(session.id)
    return browser.answer(pages.unlock_page(csrf, problem=problem, status=status))
