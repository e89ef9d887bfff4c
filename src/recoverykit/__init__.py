"""Generate, store and redeem recovery codes: hashed, one hash per attempt, each spent once.

Importing the package loads nothing; its names are loaded when the first of them is asked for, and
the modules that define them with them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoverykit.face import *  # noqa: F403  # every name of it, and no other
    from recoverykit.face import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        face = import_module("recoverykit.face")
        names = {each: getattr(face, each) for each in ("__all__", *face.__all__)}
        globals().update(names)
        if name not in globals():  # a module of ours is, by now
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *import_module("recoverykit.face").__all__})
