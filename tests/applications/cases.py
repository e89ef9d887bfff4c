"""Where the tests run: on which applications, and on which databases."""

import pytest

APPLICATIONS = ["fastapi_host", "flask_host"]
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]

any_application = pytest.mark.parametrize("application", APPLICATIONS[:1], indirect=True)
"""For what all applications take from the kit, or from `examples.host`, as it is."""

any_database = pytest.mark.parametrize("program", DATABASES[:1], indirect=True)
"""For what no database makes different."""
