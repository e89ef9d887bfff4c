"""Mistakes that a type checker must find: an ignore that becomes unused fails the check."""

from recoverykit import Keyring, Policy, RecoveryKit, Subject
from recoverykit.storage.memory import MemoryStorage

kit = RecoveryKit(MemoryStorage())

Subject("alice", "acme")  # type: ignore[call-arg]  # two texts in a row get confused
RecoveryKit(MemoryStorage(), Policy())  # type: ignore[call-arg]  # configuration is named
RecoveryKit(object())  # type: ignore[arg-type]  # not a storage
Policy(10)  # type: ignore[call-arg]  # a figure without its name
Policy(count="10")  # type: ignore[arg-type]  # text is no count
Keyring({"2026": "secret"})  # type: ignore[dict-item]  # a key is bytes
kit.issue("alice", True)  # type: ignore[call-arg]  # a bare truth value
kit.redeem("alice", b"code")  # type: ignore[arg-type]  # a code is text
kit.redeem("alice", "code", "attempt")  # type: ignore[call-arg]  # an attempt is named
kit.redeem("alice", "code", within=3)  # type: ignore[arg-type]  # not a function
kit.unlock("alice", "session")  # type: ignore[call-arg]  # a session is named
kit.unlock("alice")  # type: ignore[call-arg]  # and is never missing
Policy(management="closed")  # type: ignore[arg-type]  # open, or unlock
if kit.redeem("alice", "code").remaining == "9":  # type: ignore[comparison-overlap]  # a number
    pass
kit.issue("alice").codes.append("mine")  # type: ignore[attr-defined]  # codes are a tuple
kit.status("alice").remaining = 3  # type: ignore[misc]  # results are frozen
