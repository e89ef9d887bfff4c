"""The management page: what became of the codes, and making, confirming and revoking them."""

from fastapi import APIRouter, Response

from examples.fastapi_host import answers, passwords
from examples.fastapi_host.browser import Asking, Browser, SignedIn
from examples.host import codes, cookies, pages, sessions, signing_in, texts, tokens
from examples.host.sessions import Session
from examples.host.texts import Problem
from recoverykit import CodesAlreadyIssued, ManagementLocked, RedemptionRefused

router = APIRouter()


@router.get("/")
async def start() -> Response:
    """Lead to the only page there is behind the login."""
    return answers.go("/codes")


@router.get("/codes")
async def show(browser: Asking, session: SignedIn) -> Response:
    """Show the state of the codes. A visit changes nothing."""
    return await _manage(browser, session)


@router.post("/codes/issue")
async def issue(browser: Asking, session: SignedIn) -> Response:
    """Make the first codes."""
    return await _issue(browser, session, replace=False)


@router.post("/codes/replace")
async def replace(browser: Asking, session: SignedIn) -> Response:
    """Make new codes in the place of those that count."""
    return await _issue(browser, session, replace=True)


@router.post("/codes/confirm")
async def confirm(browser: Asking, session: SignedIn) -> Response:
    """Let new codes count, for one of them was typed back."""
    code = browser.form.get("code", "")
    try:
        await browser.host.kit.confirm(session.user_id, code, context=browser.context)
    except RedemptionRefused as refused:
        return await _manage(browser, session, refused=refused)
    await browser.host.write(sessions.mark_second_factor, session.id)
    return answers.show(pages.message_page(texts.CONFIRMED))


@router.post("/codes/revoke")
async def revoke(browser: Asking, session: SignedIn) -> Response:
    """Let no code count any more: from then on the password is enough."""
    kit = browser.host.kit
    try:
        await kit.revoke(session.user_id, session=session.id, context=browser.context)
    except ManagementLocked:
        return answers.go("/codes/unlock")
    return answers.show(pages.message_page(texts.REVOKED))


@router.get("/codes/unlock")
async def ask_for_password(session: SignedIn) -> Response:
    """Ask who is there, before anything can be changed."""
    return answers.show(pages.unlock_page(tokens.csrf_token_of(session.id)))


@router.post("/codes/unlock")
async def unlock(browser: Asking, session: SignedIn) -> Response:
    """Let this session change the codes for a while."""
    kit = browser.host.kit
    if not codes.may_unlock(session, await kit.status(session.user_id)):
        return _locked(session, texts.NEEDS_CODE)
    # By session, for it is a stolen one that this page is about; a thief has many addresses.
    place = tokens.digest_of(session.id)
    user = await passwords.shown_by(browser, session.name, place=place)
    if isinstance(user, Problem):
        return _locked(session, user)
    await kit.unlock(session.user_id, session=session.id, context=browser.context)
    return answers.go("/codes")


@router.post("/logout")
async def leave(browser: Asking, session: SignedIn) -> Response:
    """End the session on the server, not only in the browser."""
    host = browser.host
    await host.kit.lock(session.user_id, session=session.id, context=browser.context)
    await host.write(signing_in.leave, session)
    response = answers.go("/login")
    browser.drop(response, cookies.SESSION)
    browser.drop(response, cookies.LOGIN)
    return response


async def _issue(browser: Browser, session: Session, *, replace: bool) -> Response:
    try:
        issued = await browser.host.kit.issue(
            session.user_id, replace=replace, session=session.id, context=browser.context
        )
    except ManagementLocked:
        return answers.go("/codes/unlock")
    except CodesAlreadyIssued:
        return await _manage(browser, session, problem=texts.STILL_ISSUED)
    # Not on a page of its own that a redirect would lead to: the codes would have to be kept.
    csrf = tokens.csrf_token_of(session.id)
    return answers.show(pages.sheet_page(csrf, name=session.name, issued=issued))


async def _manage(
    browser: Browser,
    session: Session,
    *,
    refused: RedemptionRefused | None = None,
    problem: Problem | None = None,
) -> Response:
    page = pages.manage_page(
        tokens.csrf_token_of(session.id),
        name=session.name,
        status=await browser.host.kit.status(session.user_id),
        refused=refused,
        problem=problem,
    )
    return answers.show(page)


def _locked(session: Session, problem: Problem) -> Response:
    return answers.show(pages.unlock_page(tokens.csrf_token_of(session.id), problem=problem))
