"""The public face: complete, sorted, light, and the same everywhere."""

import importlib
import subprocess
import sys

import pytest

import recoverykit
from recoverykit import errors, face

MODULES = [
    "recoverykit",
    "recoverykit.observer",
    "recoverykit.sheet",
    "recoverykit.storage",
    "recoverykit.telemetry",
    "recoverykit.testing",
]


@pytest.mark.parametrize("name", MODULES)
def test_everything_exported_exists(name):
    """`__all__` names what there is, without repetition."""
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    assert all(hasattr(module, each) for each in module.__all__)


def test_the_face_is_loaded_when_it_is_asked_for():
    """Importing the package loads none of its modules; the first name loads them."""
    script = """if True:
        import sys, recoverykit
        before = [name for name in sys.modules if name.startswith("recoverykit.")]
        assert before == [], before
        assert "RecoveryKit" in dir(recoverykit)
        assert recoverykit.RecoveryKit is sys.modules["recoverykit.kit"].RecoveryKit
    """
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_package_has_the_names_of_its_face_and_no_others():
    """A name that is not there is told as by any module."""
    assert {name: getattr(recoverykit, name) for name in face.__all__} == {
        name: getattr(face, name) for name in face.__all__
    }
    assert recoverykit.__all__ is face.__all__
    assert set(face.__all__) <= set(dir(recoverykit))
    with pytest.raises(AttributeError, match="module 'recoverykit' has no attribute 'nothing'"):
        _ = recoverykit.nothing


def test_every_error_is_exported_and_of_our_tree():
    """Whoever catches `RecoveryKitError` catches the library."""
    found = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, Exception)
    }
    assert set(found) <= set(recoverykit.__all__)
    assert all(issubclass(each, errors.RecoveryKitError) for each in found.values())


@pytest.mark.parametrize(
    "absent",
    [
        "sqlalchemy",
        "hypothesis",
        "pytest",
        "xkcdpass",
        "bcrypt",
        "asyncio",
        "opentelemetry",
        "fpdf",
    ],
)
def test_importing_the_library_imports_no_extra(absent):
    """What an extra needs is imported when it is asked for, not before."""
    imports = "import sys, recoverykit.face, recoverykit.storage.memory"
    script = f"{imports}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
