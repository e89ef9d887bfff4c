"""The login: a password first, then a recovery code."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from examples.fastapi_host import answers, passwords
from examples.fastapi_host.browser import Asking, Browser
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

router = APIRouter()


@router.get("/login")
async def ask_for_password(browser: Asking) -> Response:
    """Show the first step."""
    visitor = tokens.id_from(browser.held(cookies.LOGIN))
    response = answers.show(pages.password_page(tokens.csrf_token_of(visitor)))
    browser.keep(response, cookies.LOGIN, visitor, seconds=logins.LIFETIME)
    return response


@router.post("/login")
async def take_password(browser: Asking) -> Response:
    """Check the first factor. The answer does not tell whether there is such a user."""
    name = users.folded(browser.form.get("name", ""))
    user = await passwords.shown_by(browser, name, place=browser.address)
    if isinstance(user, Problem):
        visitor = browser.held(cookies.LOGIN) or ""  # the form has passed, so it is there
        return answers.show(pages.password_page(tokens.csrf_token_of(visitor), problem=user))
    if codes.asks_for_code(await browser.host.kit.status(user.id)):
        return await _wait_for_code(browser, user)
    return await _let_in(browser, user)


@router.get("/login/code")
async def ask_for_code(browser: Asking) -> Response:
    """Show the second step."""
    login = await _pending(browser)
    if login is None:
        return answers.go("/login")
    return answers.show(pages.code_page(tokens.csrf_token_of(login.id)))


@router.post("/login/code")
async def take_code(browser: Asking) -> Response:
    """Spend a code and open the session, both or neither."""
    login = await _pending(browser)
    if login is None:
        return answers.go("/login")

    async def open_session(connection: AsyncConnection) -> None:
        await connection.run_sync(signing_in.open_session, login, now=clock.now())

    try:
        await browser.host.kit.redeem(
            login.user_id,
            browser.form.get("code", ""),
            attempt=login.attempt,
            within=open_session,
            context=browser.context,
        )
    except RedemptionRefused as refused:
        return answers.show(pages.code_page(tokens.csrf_token_of(login.id), refused=refused))
    except LoginFinished:
        return answers.show(pages.problem_page(texts.LOGIN_FINISHED))
    response = answers.go("/codes")
    browser.keep(response, cookies.SESSION, login.session_id, seconds=sessions.LIFETIME)
    return response


async def _pending(browser: Browser) -> PendingLogin | None:
    login_id = browser.held(cookies.LOGIN)
    return await browser.host.read(logins.find, login_id, now=clock.now()) if login_id else None


async def _wait_for_code(browser: Browser, user: User) -> Response:
    login_id = await browser.host.write(signing_in.wait_for_code, user, now=clock.now())
    response = answers.go("/login/code")
    browser.keep(response, cookies.LOGIN, login_id, seconds=logins.LIFETIME)
    return response


async def _let_in(browser: Browser, user: User) -> Response:
    session_id = await browser.host.write(signing_in.let_in, user, now=clock.now())
    response = answers.go("/codes")
    browser.keep(response, cookies.SESSION, session_id, seconds=sessions.LIFETIME)
    browser.drop(response, cookies.LOGIN)
    return response
