"""A database for each place of the matrix, a desk in it, and an onlooker."""

import pytest

from tests.hosts.claims import Binding
from tests.hosts.desks import DESKS, Site
from tests.hosts.levels import places
from tests.hosts.outside import Outside


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
