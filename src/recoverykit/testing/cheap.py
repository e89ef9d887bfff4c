"""The cheap hasher: microseconds for a hash, in tests and nowhere else."""

from dataclasses import replace

from recoverykit.core.hasher import CheapHasher
from recoverykit.core.policy import Policy
from recoverykit.errors import InvalidArgument, Severity
from recoverykit.permit import require_tests


def cheap_hasher() -> CheapHasher:
    """Return a hasher that costs next to nothing, and protects nothing.

    It is salted and keyed as the others are, so that all goes the same way. A kit that has it is
    refused where no tests are running, and a kit that has another one refuses what it has hashed,
    with `CorruptRecord`.

    Raises:
        OutsideTests: no tests are running.
    """
    require_tests("the cheap hasher")
    return CheapHasher()


def cheapened(policy: Policy) -> Policy:
    """Return a policy with the cheap hasher, and accept what it breaks by that alone.

    Whatever else the policy breaks is refused as before.

    Args:
        policy: the policy of the application, for example.

    Raises:
        InvalidArgument: it is no policy.
        OutsideTests: no tests are running.
    """
    if not isinstance(policy, Policy):
        raise InvalidArgument("policy must be a Policy")
    cheap = replace(policy, hasher=cheap_hasher())
    accept = policy.accept | (_errors(cheap) - _errors(policy))
    return replace(cheap, accept=accept)


def _errors(policy: Policy) -> frozenset[str]:
    """Return the ids of the rules that a policy breaks, under a keyring or without one."""
    return frozenset(
        finding.rule
        for peppered in (True, False)
        for finding in policy.audit(peppered=peppered)
        if finding.severity is Severity.ERROR
    )
