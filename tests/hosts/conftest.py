"""A database for each place of the matrix, a desk in it, and an onlooker.

A plain run takes every other cell, like one colour of a chessboard: whichever two of place, shell,
binding and way to fail meet in the matrix meet in it as well, but not whichever three. With
RECOVERYKIT_WHOLE_MATRIX=1 all of it is run.
"""

import os
from pathlib import Path

import pytest

from tests.hosts.claims import Binding
from tests.hosts.desks import DESKS, Site
from tests.hosts.levels import places
from tests.hosts.outside import Outside

IS_WHOLE = os.environ.get("RECOVERYKIT_WHOLE_MATRIX") == "1"
FEWEST = 3  # of two of them each meets the other once: there is nothing to leave out


def pytest_collection_modifyitems(config, items):
    """Leave the other colour out, and let pytest say so."""
    if IS_WHOLE:
        return
    left = [item for item in items if _is_here(item) and not _is_of_our_colour(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def _is_here(item):
    return item.path.is_relative_to(Path(__file__).parent)


def _is_of_our_colour(item):
    indices = item.callspec.indices if hasattr(item, "callspec") else {}
    is_in_the_matrix = "place" in indices and len(indices) >= FEWEST
    return not is_in_the_matrix or sum(indices.values()) % 2 == 0


@pytest.fixture(params=DESKS)
def shell(request):
    """Whose kit it is."""
    return request.param


@pytest.fixture(params=Binding, ids=lambda binding: binding.value)
def binding(request):
    """How the host uses the connection."""
    return request.param


@pytest.fixture(scope="module", params=places("sqlite", "postgresql", "mariadb"))
def place(request):
    """A database, and the flavour of the host's engine."""
    return request.param


@pytest.fixture(scope="module")
def url(request, place, tmp_path_factory):
    """The address of an empty database in that place."""
    if place.database == "sqlite":
        # Longer than the driver's own five seconds: the machine may be busy.
        yield f"sqlite:///{tmp_path_factory.mktemp('host') / 'host.db'}?timeout=30"
    else:
        with request.getfixturevalue(f"{place.database}_server").database() as address:
            # PyMySQL would read the authorities of the whole machine for each connection: 20 ms.
            yield f"{address}&ssl_disabled=1" if place.database == "mariadb" else address


@pytest.fixture(scope="module")
def outside(url):
    outside = Outside(url)
    yield outside
    outside.close()


@pytest.fixture
def site(shell, url, place, outside):
    """Where desks can be opened, once the tables are made; they close at the end."""
    site = Site(shell=shell, url=url, place=place)
    yield site
    site.close()


@pytest.fixture
def desk(site):
    """A desk there."""
    return site.opened()
