"""For the tests of hosts and of storage authors: nothing here is imported by the library."""

from recoverykit.testing.clock import ManualClock

__all__ = ["ManualClock"]
