"""The OpenAPI document that an application serves: all that it answers, and nothing else."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from pydantic import BaseModel

from examples.published_apis.problems import Kind

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""What FastAPI takes as the further answers of a call."""

BODY: Final = (Kind.MALFORMED, Kind.TOO_LARGE)
"""What can go wrong with a call that has a body."""

_ANY_CALL: Final = (Kind.BROKEN, Kind.UNAVAILABLE)


def answers_in(form: type[BaseModel], *kinds: Kind) -> Responses:
    """Return the answers of a call that fails.

    Args:
        form: what each of them looks like.
        kinds: what can go wrong, beside what can with any call.
    """
    return {
        int(kind.status): {"model": form, "description": kind.message}
        for kind in (*_ANY_CALL, *kinds)
    }


class DocumentedAPI(FastAPI):
    """A FastAPI application whose document does not tell of answers that it never gives."""

    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        if self.openapi_schema is None:
            _forget_default_answers(super().openapi())
        return super().openapi()


def _forget_default_answers(document: Mapping[str, Any]) -> None:
    """Remove what FastAPI says of its own answer to a request that does not validate."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    schemas = document.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
