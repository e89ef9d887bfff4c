"""What a storage raises where it is asked for a list, or to purge, is told as ours."""

from datetime import UTC, datetime

import pytest

from recoverykit import AsyncRecoveryKit, MissingExtra, RecoveryKit, StorageError
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from tests.awaited import Awaited

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
CALLS = {
    "scopes": lambda kit: kit.erase_scopes("ada"),
    "sealed_otherwise": lambda kit: kit.reseal(),
    "purge_events": lambda kit: kit.purge(before=BEFORE),
    "outdated": lambda kit: kit.purge(before=BEFORE),
}


@pytest.fixture(params=[None, "asyncio", "trio"], ids=str)
def portal(request):
    """The way to an event loop of each kind; None for none."""
    return request.param and request.getfixturevalue(f"{request.param}_portal")


def kit_that_is_raised(portal, method, error):
    """Return a kit whose storage raises the error in the method."""

    def fail(*_, **__):
        raise error

    async def fail_later(*_, **__):
        raise error

    storage = AsyncMemoryStorage() if portal else MemoryStorage()
    setattr(storage, method, fail_later if portal else fail)
    return Awaited(AsyncRecoveryKit(storage), portal) if portal else RecoveryKit(storage)


@pytest.mark.parametrize("method", CALLS)
def test_what_a_driver_raises_is_named_by_its_class_alone(portal, method):
    """It may show a document: neither the message nor the chain of causes holds it."""
    kit = kit_that_is_raised(portal, method, ConnectionError("a document"))

    with pytest.raises(StorageError, match=r"^the storage failed: ConnectionError$") as caught:
        CALLS[method](kit)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("method", CALLS)
def test_an_error_of_ours_passes_through(portal, method):
    """Whoever lacks an extra is told which."""
    kit = kit_that_is_raised(portal, method, MissingExtra("sql"))

    with pytest.raises(MissingExtra):
        CALLS[method](kit)
