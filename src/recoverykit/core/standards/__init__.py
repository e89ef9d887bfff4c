"""The rules of the standards as data, and the audit of a policy against them."""

from typing import Final

from recoverykit.core.standards.codes import CODE_RULES
from recoverykit.core.standards.duties import DUTIES
from recoverykit.core.standards.hashing import HASH_RULES
from recoverykit.core.standards.risks import RISKS
from recoverykit.core.standards.rule import Audited, Profile, Rule
from recoverykit.core.standards.throttling import THROTTLE_RULES
from recoverykit.errors import Finding, Severity

RULES: Final = (*CODE_RULES, *HASH_RULES, *THROTTLE_RULES)
"""What a policy keeps or breaks."""

RULE_IDS: Final = frozenset(rule.id for rule in RULES)
"""What a policy can accept."""

__all__ = ["DUTIES", "RISKS", "RULES", "RULE_IDS", "Audited", "Profile", "Rule", "audit"]

_GRAVEST_FIRST: Final = tuple(Severity)


def audit(audited: Audited, *, profile: Profile) -> tuple[Finding, ...]:
    """Return what a profile has to say: errors, warnings, information, duties of the host."""
    asked = [rule for rule in (*RULES, *RISKS, *DUTIES) if profile in rule.profiles]
    findings = [finding for rule in asked if (finding := rule.finding(audited))]
    return tuple(sorted(findings, key=lambda each: _GRAVEST_FIRST.index(each.severity)))
