"""What an optional dependency brings, and which extra brings the dependency."""

from importlib import import_module
from types import ModuleType

from recoverykit.errors import MissingExtra


def module_of(name: str, *, extra: str) -> ModuleType:
    """Return a module that needs an optional dependency, or is one.

    Raises:
        MissingExtra: what the extra brings is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError:
        pass
    raise MissingExtra(extra)
