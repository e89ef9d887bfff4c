"""Nobody is let in for whom no code counts, whatever is typed."""

import pytest

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import check_host
from tests.testing.hosts.asked import only, silent
from tests.testing.hosts.plain import Plain

FEW = {"examples": 1, "rounds": 1, "threads": 2, "tell": silent}


class NeedsNoneOfWhoHasNone(Plain):
    """Who has never had codes has no second factor, and needs none."""

    is_any_text_right = True

    def __init__(self):
        super().__init__()
        self.enrolled = set()

    def issue(self, user):
        self.enrolled.add(user)
        return super().issue(user)

    def spend(self, user, code):
        if user not in self.enrolled and (self.is_any_text_right or not code):
            return True
        return super().spend(user, code)


class HasAnEmptyCodeAtFirst(NeedsNoneOfWhoHasNone):
    """A column of which the default is the empty text."""

    is_any_text_right = False


class RevokesByAnEmptyCode(HasAnEmptyCodeAtFirst):
    """The same, written when codes are revoked."""

    def new_user(self):
        user = super().new_user()
        self.enrolled.add(user)
        return user

    def revoke(self, user):
        super().revoke(user)
        self.enrolled.discard(user)


@pytest.mark.parametrize(
    ("kind", "promise", "about"),
    [
        (NeedsNoneOfWhoHasNone, "H9", "a user without codes sends a code of another user"),
        (HasAnEmptyCodeAtFirst, "H10", "has never had codes"),
        (RevokesByAnEmptyCode, "H10", "are revoked"),
    ],
)
@pytest.mark.parametrize("free_guesses", [1, 3])
def test_nobody_is_let_in_for_whom_no_code_counts(kind, promise, about, free_guesses):
    """Those who never had codes, or whose codes are revoked, even where no stranger is known."""
    host = kind().host(stranger=None, told=None, free_guesses=free_guesses)
    with pytest.raises(ConformanceError) as found:
        check_host(host, without=only(promise), **FEW)
    (breach,) = found.value.breaches
    assert about in "\n".join(breach.steps)
    assert breach.steps[-1].endswith("let in")
