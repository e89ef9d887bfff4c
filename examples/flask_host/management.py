"""The management page: what became of the codes, and making, confirming and revoking them."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, request

from examples.flask_host import browser, host, passwords
from examples.host import codes, cookies, pages, sessions, signing_in, texts, tokens
from examples.host.sessions import Session
from examples.host.texts import Problem
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
    """Let this session change the codes for a while."""
    kit = host.current().kit
    if not codes.may_unlock(session, kit.status(session.user_id)):
        return _locked(session, texts.NEEDS_CODE)
    # By session, for it is a stolen one that this page is about; a thief has many addresses.
    user = passwords.shown_by(session.name, place=tokens.digest_of(session.id))
    if isinstance(user, Problem):
        return _locked(session, user)
    kit.unlock(session.user_id, session=session.id, context=host.source())
    return browser.go("/codes")


@blueprint.post("/logout")
@signed_in
def leave(session: Session) -> Response:
    """End the session on the server, not only in the browser."""
    host.current().kit.lock(session.user_id, session=session.id, context=host.source())
    with host.current().engine.begin() as connection:
        signing_in.leave(connection, session)
    response = browser.go("/login")
    browser.drop(response, cookies.SESSION)
    browser.drop(response, cookies.LOGIN)
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
    session: Session, *, refused: RedemptionRefused | None = None, problem: Problem | None = None
) -> Response:
    page = pages.manage_page(
        tokens.csrf_token_of(session.id),
        name=session.name,
        status=host.current().kit.status(session.user_id),
        refused=refused,
        problem=problem,
    )
    return browser.answer(page)


def _locked(session: Session, problem: Problem) -> Response:
    return browser.answer(pages.unlock_page(tokens.csrf_token_of(session.id), problem=problem))
