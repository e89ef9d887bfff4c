"""The fourteen clauses, the cheap ones first."""

from typing import Final

from recoverykit.testing.conformance.atomicity import (
    erases,
    events_land_together,
    lost_changes_nothing,
)
from recoverykit.testing.conformance.clause import Clause
from recoverykit.testing.conformance.endurance import (
    others_read_it,
    outlasts_its_process,
    survives_failures,
)
from recoverykit.testing.conformance.exactness import (
    hands_out_copies,
    holds_the_largest,
    keeps_apart,
    loads_back,
    unknown_is_none,
)
from recoverykit.testing.conformance.swapping import (
    inserts_where_nothing_is,
    one_of_many_wins,
    swaps_where_it_stands,
)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="S1",
        sentence="An unknown subject loads as None.",
        check=unknown_is_none,
    ),
    Clause(
        id="S2",
        sentence="What was committed is loaded back exactly, document and revision.",
        check=loads_back,
    ),
    Clause(
        id="S4",
        sentence="A commit with `expected=r` wins only where the stored revision is `r`.",
        check=swaps_where_it_stands,
    ),
    Clause(
        id="S11",
        sentence="No aliasing: nothing that was handed in or out changes later.",
        check=hands_out_copies,
    ),
    Clause(
        id="S14",
        sentence="Documents of 64 KiB are stored whole.",
        check=holds_the_largest,
    ),
    Clause(
        id="S12",
        sentence="What one handle wrote, another one reads.",
        check=others_read_it,
    ),
    Clause(
        id="S9",
        sentence="Subjects are isolated and compared exactly: case, accents, trailing spaces, "
        "quotes, empty parts, and any Unicode without NUL.",
        check=keeps_apart,
    ),
    Clause(
        id="S13",
        sentence="A failed commit leaves the handle usable.",
        check=survives_failures,
    ),
    Clause(
        id="S3",
        sentence="A commit with `expected=None` wins only where nothing is stored.",
        check=inserts_where_nothing_is,
    ),
    Clause(
        id="S5",
        sentence="Of any number of simultaneous commits on one revision, exactly one returns True.",
        check=one_of_many_wins,
    ),
    Clause(
        id="S6",
        sentence="A lost commit changes nothing, events included.",
        check=lost_changes_nothing,
    ),
    Clause(
        id="S7",
        sentence="Events land together with the document, or not at all.",
        check=events_land_together,
    ),
    Clause(
        id="S8",
        sentence="`document=None` erases, together with the subject's earlier events, and the "
        "subject then loads as None.",
        check=erases,
    ),
    Clause(
        id="S10",
        sentence="True means as durable as the backend promises it; an outcome that is not "
        "known raises `OutcomeUnknown`.",
        check=outlasts_its_process,
    ),
)
"""The clauses of `recoverykit.storage.Storage`, in the order in which they are checked."""
