"""The adapters that race, each in turn, and an empty database for it."""

import pytest

from tests.races.adapters import ADAPTERS, parameters


@pytest.fixture(params=parameters(ADAPTERS))
def adapter(request):
    return request.param


@pytest.fixture
def url(request, adapter, tmp_path):
    """The address of an empty database for the adapter; None for memory."""
    if adapter.database == "memory":
        yield None
    elif adapter.database == "sqlite":
        yield f"sqlite:///{tmp_path / 'recoverykit.db'}"
    else:
        # By name, so that a run without this kind of database does not start its server.
        with request.getfixturevalue(f"{adapter.database}_server").database() as address:
            yield address
