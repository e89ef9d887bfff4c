"""The kit that the families of the lifecycle vary, and a code of none of their sets."""

from tests.verbs import Kit, codes_of, played

PLAIN = Kit().but(count=2)
WRONG = codes_of(played(PLAIN.issue("other"))[1], "other")[0]
