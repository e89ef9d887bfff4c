"""Strategies for Hypothesis: what hosts and authors of storages draw their cases from.

They need the extra ``testing``.
"""

from recoverykit.testing.strategies.formats import alphabets, codes, custom_alphabets, formats
from recoverykit.testing.strategies.mistakes import Mistake, MistakeKind, mistakes
from recoverykit.testing.strategies.plans import fault_plans
from recoverykit.testing.strategies.policies import policies, throttles
from recoverykit.testing.strategies.sets import DrawnSet, code_sets
from recoverykit.testing.strategies.spellings import spellings
from recoverykit.testing.strategies.subjects import hostile_subjects, subjects

__all__ = [
    "DrawnSet",
    "Mistake",
    "MistakeKind",
    "alphabets",
    "code_sets",
    "codes",
    "custom_alphabets",
    "fault_plans",
    "formats",
    "hostile_subjects",
    "mistakes",
    "policies",
    "spellings",
    "subjects",
    "throttles",
]
