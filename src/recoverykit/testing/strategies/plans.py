"""Plans of faults, for storages that go wrong."""

from hypothesis import strategies as st

from recoverykit.testing.fault import CommitFault, FaultPlan, LoadFault


def fault_plans(*, longest: int = 6) -> st.SearchStrategy[FaultPlan]:
    """Draw what goes wrong in the first loads and commits: shrinks to few faults, and early ones.

    Args:
        longest: how many loads, and how many commits, may go wrong at most.
    """
    return st.builds(
        FaultPlan,
        loads=_up_to(longest, st.none() | st.sampled_from(LoadFault)),
        commits=_up_to(longest, st.none() | st.sampled_from(CommitFault)),
    )


def _up_to(
    longest: int, faults: st.SearchStrategy[object]
) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(faults, max_size=longest).map(tuple)
