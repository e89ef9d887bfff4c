"""For the tests of hosts and of storage authors: nothing here is imported by the library.

What draws its cases needs the extra ``testing``, and is loaded when it is asked for.
"""

from typing import TYPE_CHECKING

from recoverykit.errors import OutsideTests
from recoverykit.extras import module_of
from recoverykit.permit import for_tests
from recoverykit.testing import steps
from recoverykit.testing.async_faulty import AsyncFaultyStorage
from recoverykit.testing.cheap import cheap_hasher, cheapened
from recoverykit.testing.clock import ManualClock
from recoverykit.testing.entropy import deterministic
from recoverykit.testing.explorer import Explored, Faults, explore, play
from recoverykit.testing.failure import Breach, ConformanceError
from recoverykit.testing.fault import CommitFault, FaultPlan, LoadFault
from recoverykit.testing.faulty import FaultyStorage
from recoverykit.testing.history import Crashed, End, History, Landed, Raised, Returned
from recoverykit.testing.script import Calls

if TYPE_CHECKING:
    from recoverykit.testing import strategies as strategies
    from recoverykit.testing.conformance import (
        CLAUSES,
        Clause,
        Report,
        check_async_storage,
        check_storage,
    )
    from recoverykit.testing.hosts import (
        FORMS,
        PROMISES,
        Checked,
        Form,
        Host,
        Promise,
        check_host,
    )
else:
    _STORAGES = ("CLAUSES", "Clause", "Report", "check_async_storage", "check_storage")
    _HOSTS = ("FORMS", "PROMISES", "Checked", "Form", "Host", "Promise", "check_host")
    _DRAWN = {
        "strategies": "recoverykit.testing.strategies",
        **dict.fromkeys(_STORAGES, "recoverykit.testing.conformance"),
        **dict.fromkeys(_HOSTS, "recoverykit.testing.hosts"),
    }

    def __getattr__(name: str) -> object:
        if name not in _DRAWN:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = module_of(_DRAWN[name], needs="hypothesis", extra="testing")
        return getattr(module, name, module)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_DRAWN})


__all__ = [
    "CLAUSES",
    "FORMS",
    "PROMISES",
    "AsyncFaultyStorage",
    "Breach",
    "Calls",
    "Checked",
    "Clause",
    "CommitFault",
    "ConformanceError",
    "Crashed",
    "End",
    "Explored",
    "FaultPlan",
    "Faults",
    "FaultyStorage",
    "Form",
    "History",
    "Host",
    "Landed",
    "LoadFault",
    "ManualClock",
    "OutsideTests",
    "Promise",
    "Raised",
    "Report",
    "Returned",
    "cheap_hasher",
    "cheapened",
    "check_async_storage",
    "check_host",
    "check_storage",
    "deterministic",
    "explore",
    "for_tests",
    "play",
    "steps",
    "strategies",
]
