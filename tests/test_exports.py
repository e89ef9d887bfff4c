"""The public face: complete, sorted, light, and the same everywhere."""

import importlib
import subprocess
import sys

import pytest

import recoverykit
from recoverykit import errors

MODULES = ["recoverykit", "recoverykit.storage", "recoverykit.testing"]


@pytest.mark.parametrize("name", MODULES)
def test_everything_exported_exists(name):
    """`__all__` names what there is, without repetition."""
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    assert all(hasattr(module, each) for each in module.__all__)


def test_every_error_is_exported_and_of_our_tree():
    """Whoever catches `RecoveryKitError` catches the library."""
    found = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, Exception)
    }
    assert set(found) <= set(recoverykit.__all__)
    assert all(issubclass(each, errors.RecoveryKitError) for each in found.values())


@pytest.mark.parametrize("absent", ["sqlalchemy", "hypothesis", "pytest", "xkcdpass", "asyncio"])
def test_importing_the_library_imports_no_extra(absent):
    """What an extra needs is imported when it is asked for, not before."""
    script = (
        f"import sys, recoverykit, recoverykit.storage.memory; sys.exit({absent!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
