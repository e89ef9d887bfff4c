"""An application: an API, with what holds for all of them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypedDict, cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from examples.fastapi_host import host
from examples.fastapi_host.answers import EveryAnswer
from examples.fastapi_host.hashing import TooManyWait
from examples.fastapi_host.host import Host
from examples.host import journal
from examples.host.settings import Settings
from examples.published_apis import bodies
from examples.published_apis.bodies import BoundedBody
from examples.published_apis.demo import Demo, Prepared
from examples.published_apis.documents import DocumentedAPI
from examples.published_apis.problems import Kind, Problem, problem_of, problem_of_status
from recoverykit import Policy, RecoveryKitError

HEADERS: Final[Mapping[str, str]] = {
    # Tokens and new codes are in answers; the second one is for caches of HTTP/1.0, and RFC 6749,
    # 5.1 asks for it.
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What makes an API different from the others.

    Attributes:
        title: what it is called.
        policy: what its codes are like: every rule about them.
        router: its calls.
        form: returns the body of an answer to a call that fails.
        challenge: how a client may say who it is, for the answer to one that has not.
        prepare: makes what the demonstration needs.
        openapi: the version of the document.
    """

    title: str
    policy: Policy
    router: APIRouter
    form: Callable[[Problem], Mapping[str, object]]
    challenge: str
    prepare: Callable[[Demo], Awaitable[Prepared]]
    openapi: str = "3.1.0"


class State(TypedDict):
    """What the calls find in the state of their request."""

    host: Host
    own: object


@dataclass(slots=True, kw_only=True)
class Application:
    """An API that can be served, once.

    Args:
        api: the API.
        settings: what was chosen at the start.
        base_url: where it is going to listen.
        clock: the time of the kit; None for the system's.

    Attributes:
        line: what a client needs to begin with; empty until the application has started.
    """

    api: Api
    settings: Settings = field(repr=False)
    base_url: str
    clock: Callable[[], datetime] | None = None
    line: dict[str, object] = field(default_factory=dict[str, object], init=False, repr=False)

    def asgi(self) -> ASGIApp:
        """Return it as an ASGI server takes it."""
        app = self.documented()
        return EveryAnswer(BoundedBody(app, max_bytes=bodies.MAX_BYTES), headers=HEADERS)

    def documented(self) -> DocumentedAPI:
        """Return what knows its document, without what stands around it."""
        app = DocumentedAPI(
            title=self.api.title,
            lifespan=self._serve,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            exception_handlers={
                RequestValidationError: self._refuse_malformed,
                HTTPException: self._explain,
                Problem: self._tell,
                RecoveryKitError: self._fail_closed,
                SQLAlchemyError: self._put_off,
                TooManyWait: self._put_off,
                Exception: self._admit,
            },
        )
        app.openapi_version = self.api.openapi
        app.include_router(self.api.router)
        return app

    @asynccontextmanager
    async def _serve(self, _: FastAPI) -> AsyncGenerator[State]:
        opened = host.opened(self.settings, policy=self.api.policy, clock=self.clock)
        async with opened as serving:
            prepared = await self.api.prepare(Demo(host=serving, base_url=self.base_url))
            self.line = {
                "base_url": self.base_url,
                "user": self.settings.users[0],
                "password": self.settings.password,
                **prepared.line,
            }
            yield State(host=serving, own=prepared.own)

    def _answer(self, problem: Problem) -> JSONResponse:
        headers = problem.headers
        if problem.kind is Kind.UNAUTHENTICATED:
            headers = {"WWW-Authenticate": self.api.challenge} | headers
        status = int(problem.kind.status)
        return JSONResponse(dict(self.api.form(problem)), status_code=status, headers=headers)

    async def _refuse_malformed(self, _: Request, __: Exception) -> JSONResponse:
        # What exactly is wrong is not said: it would show what was sent.
        return self._answer(Problem(Kind.MALFORMED))

    async def _explain(self, _: Request, error: Exception) -> JSONResponse:
        known = cast("HTTPException", error)
        headers: Mapping[str, Any] = known.headers or {}  # which methods are allowed, say
        return self._answer(problem_of_status(known.status_code, headers=headers))

    async def _tell(self, _: Request, error: Exception) -> JSONResponse:
        return self._answer(cast("Problem", error))

    async def _fail_closed(self, _: Request, error: Exception) -> JSONResponse:
        problem = problem_of(cast("RecoveryKitError", error))
        if problem.kind is Kind.UNAVAILABLE:
            journal.write_failure(error)
        return self._answer(problem)

    async def _put_off(self, _: Request, error: Exception) -> JSONResponse:
        journal.write_failure(error)
        return self._answer(Problem(Kind.UNAVAILABLE))

    async def _admit(self, _: Request, __: Exception) -> JSONResponse:
        # Uvicorn logs the error itself.
        return self._answer(Problem(Kind.BROKEN))
