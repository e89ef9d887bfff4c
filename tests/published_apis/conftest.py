"""The four applications, each of them started once for most tests."""

from collections.abc import Iterator

import pytest

from tests.published_apis.served import APIS, Served, running


def _on_sqlite(api: str, factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = factory.mktemp(api)
    with running(api, database=f"sqlite:///{folder / 'host.db'}", folder=folder) as served:
        yield served


@pytest.fixture(scope="session")
def fortanix_dsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Fortanix."""
    yield from _on_sqlite("fortanix_dsm", tmp_path_factory)


@pytest.fixture(scope="session")
def auth0_mfa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Auth0."""
    yield from _on_sqlite("auth0_mfa", tmp_path_factory)


@pytest.fixture(scope="session")
def arklow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Arklow."""
    yield from _on_sqlite("arklow", tmp_path_factory)


@pytest.fixture(scope="session")
def circularo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Circularo."""
    yield from _on_sqlite("circularo", tmp_path_factory)


@pytest.fixture(params=APIS)
def served(request: pytest.FixtureRequest) -> Served:
    """Each application in turn."""
    return request.getfixturevalue(request.param)
