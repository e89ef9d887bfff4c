"""The application: its pages, and what holds for all of them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from examples.fastapi_host import answers, browser, host, login, management
from examples.fastapi_host.answers import EveryAnswer
from examples.fastapi_host.browser import Forged, NotSignedIn
from examples.fastapi_host.hashing import TooManyWait
from examples.fastapi_host.host import Host
from examples.host import codes, failures, forgery, pages, texts
from examples.host.settings import Settings
from recoverykit import RecoveryKitError


class State(TypedDict):
    """What the requests find in their state."""

    host: Host


def create_app(settings: Settings) -> ASGIApp:
    """Return the application, ready for an ASGI server."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[State]:
        async with host.opened(settings, policy=codes.POLICY) as opened:
            yield State(host=opened)

    app = FastAPI(
        lifespan=lifespan,
        dependencies=[Depends(browser.refuse_forgery)],
        max_body_size=forgery.MAX_FORM_BYTES,
        openapi_url=None,  # these are pages, and no interface for programs
        redirect_slashes=False,
        exception_handlers={
            Forged: _refuse,
            NotSignedIn: _ask_to_sign_in,
            TooManyWait: _put_off,
            RecoveryKitError: _fail_closed,
            HTTPException: _explain,
            Exception: _admit,
        },
    )
    app.include_router(login.router)
    app.include_router(management.router)
    return EveryAnswer(app, headers=pages.HEADERS)


async def _refuse(_: Request, __: Exception) -> Response:
    return answers.show(pages.problem_page(texts.OUT_OF_DATE))


async def _ask_to_sign_in(_: Request, __: Exception) -> Response:
    return answers.go("/login")


async def _put_off(_: Request, __: Exception) -> Response:
    return answers.show(pages.problem_page(texts.BUSY))


async def _fail_closed(_: Request, error: RecoveryKitError) -> Response:
    return answers.show(failures.page_of(error))


async def _explain(_: Request, error: HTTPException) -> Response:
    response = answers.show(failures.page_of_status(error.status_code))
    response.headers.update(error.headers or {})  # which methods are allowed, say
    return response


async def _admit(_: Request, __: Exception) -> Response:
    # Uvicorn logs the error itself.
    return answers.show(pages.problem_page(texts.BROKEN))
