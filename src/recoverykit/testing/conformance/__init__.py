"""The conformance kit: whether a storage keeps the clauses S1 to S14 of its contract."""

from recoverykit.testing.conformance.check import check_async_storage, check_storage
from recoverykit.testing.conformance.clause import Clause
from recoverykit.testing.conformance.clauses import CLAUSES
from recoverykit.testing.conformance.report import Report
from recoverykit.testing.failure import Breach, ConformanceError

__all__ = [
    "CLAUSES",
    "Breach",
    "Clause",
    "ConformanceError",
    "Report",
    "check_async_storage",
    "check_storage",
]
