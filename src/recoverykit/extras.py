"""What an optional dependency brings, and which extra brings the dependency."""

from importlib import import_module
from types import ModuleType

from recoverykit.errors import MissingExtra


def module_of(name: str, *, needs: str, extra: str) -> ModuleType:
    """Return a module that needs an optional dependency, or is one.

    Args:
        name: the module.
        needs: the dependency.
        extra: what brings it.

    Raises:
        MissingExtra: what the extra brings is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != needs:
            raise  # an installation that is damaged, which no extra mends
    raise MissingExtra(extra)
