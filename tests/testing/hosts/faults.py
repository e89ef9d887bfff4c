"""For each promise a login that breaks it, and no other one."""

import hashlib
import threading
from collections import defaultdict
from contextlib import nullcontext

from tests.testing.hosts.plain import SIZE, Plain, Refused


class RefusesTheLastCode(Plain):
    """An off-by-one: the last code of a sheet is never found."""

    def __init__(self):
        super().__init__()
        self.last = {}

    def keep(self, user, codes):
        super().keep(user, codes)
        self.last[user] = self.read(codes[-1]) if codes else None

    def spend(self, user, code):
        return code != self.last[user] and super().spend(user, code)


class KeepsWhatWasTyped(Plain):
    """It remembers what was spent by the text that was typed, not by the code."""

    def __init__(self):
        super().__init__()
        self.typed = set()

    def redeem(self, user, typed):
        with self.lock:
            spent = (user, typed)
            before = self.good.get(user)
            super().redeem(user, "" if spent in self.typed else typed)
            self.typed.add(spent)
            self.good[user] = before
        return True

    def remaining(self, user):
        spent = {self.digest(user, self.read(typed)) for who, typed in self.typed if who == user}
        return len(self.good[user] - spent)


class ChecksThenStrikesOut(Plain):
    """Whoever finds the code good is let in, whoever strikes it out."""

    def guard(self, verb, user, typed=""):
        return nullcontext() if verb == "redeem" else self.lock

    def spend(self, user, code):
        digest = self.digest(user, code)
        if digest not in self.good[user]:
            return False
        self.strike_out(user, digest)
        return True

    def strike_out(self, user, digest):
        with self.lock:
            self.good[user] -= {digest}


class WritesTheWholeListBack(Plain):
    """It locks the code, and writes all of them: what others have struck out comes back."""

    def __init__(self):
        super().__init__()
        self.locks = {}
        self.sets = defaultdict(int)

    def guard(self, verb, user, typed=""):
        if verb != "redeem":
            return self.lock
        return self.locks.setdefault((user, self.read(typed)), threading.RLock())

    def keep(self, user, codes):
        super().keep(user, codes)
        self.sets[user] += 1

    def spend(self, user, code):
        number, good = self.sets[user], self.good[user]
        digest = self.digest(user, code)
        with self.lock:
            if digest not in good or number != self.sets[user]:
                return False
            self.good[user] = good - {digest}
        return True


class BringsTheFirstSetBack(Plain):
    """The third set is added to the first one, for the archive was not looked at."""

    def __init__(self):
        super().__init__()
        self.kept = defaultdict(list)

    def keep(self, user, codes):
        super().keep(user, codes)
        if codes:
            self.kept[user].append(self.good[user])

    def spend(self, user, code):
        if super().spend(user, code):
            return True
        kept, digest = self.kept[user], self.digest(user, code)
        if len(kept) < 3 or digest not in kept[0]:
            return False
        kept[0] -= {digest}
        return True


class IssuesWithoutTheLock(Plain):
    """A redemption that began before writes the old codes over the new ones."""

    cost = 1024  # the longer it hashes, the more comes between

    def guard(self, verb, user, typed=""):
        return nullcontext() if verb == "issue" else self.lock


class BringsRevokedCodesBack(Plain):
    """Revoked codes are put aside, and the next set is added to them."""

    def __init__(self):
        super().__init__()
        self.aside = defaultdict(frozenset)

    def revoke(self, user):
        with self.lock:
            self.aside[user] = self.good[user]
            super().revoke(user)

    def spend(self, user, code):
        if super().spend(user, code):
            return True
        digest = self.digest(user, code)
        is_back = bool(self.good[user]) and digest in self.aside[user]
        self.aside[user] -= {digest}
        return is_back


class RevokesWithoutTheLock(Plain):
    """A redemption that began before writes the revoked codes back."""

    cost = 1024  # the longer it hashes, the more comes between

    def guard(self, verb, user, typed=""):
        return nullcontext() if verb == "revoke" else self.lock


class TakesTheCodesOfAll(Plain):
    """It looks the code up, and not whose it is."""

    def digest(self, user, code):
        return super().digest("", code)

    def spend(self, user, code):
        digest = self.digest(user, code)
        owner = next((each for each, good in self.good.items() if digest in good), user)
        return super().spend(owner, code)


class TakesNothingForACode(Plain):
    """A list that is empty, split at its commas, holds one empty text."""

    def spend(self, user, code):
        return (not code and not self.good[user]) or super().spend(user, code)


class StumblesOverZero(Plain):
    """A database that takes no character zero, and nobody who has thought of it."""

    def read(self, typed):
        if "\0" in typed:
            raise ValueError("embedded null character")
        return super().read(typed)


class LetsStrangersIn(Plain):
    """Who has no second factor needs none, and who does not exist has none."""

    def refuse_stranger(self):
        return True


class TellsWhoExists(Plain):
    """It is friendly."""

    def refuse_stranger(self):
        raise Refused("no such user")


class CountsNoGuesses(Plain):
    """The codes are random, says the manual, so nobody guesses them."""

    most = 1_000_000


class LogsWhatWasTyped(Plain):
    """The audit trail holds what the user typed."""

    def redeem(self, user, typed):
        self.log.append(f"{user} typed {typed!r}")
        return super().redeem(user, typed)


class HashesFast(Plain):
    """No salt, and a hash of which a graphics card makes billions in a second."""

    def digest(self, user, code):
        return hashlib.sha256(code.encode()).hexdigest()


class TellsAllThereEverWere(Plain):
    """What remains is counted as it was at first."""

    def remaining(self, user):
        return SIZE if self.good[user] else 0


class IssuesACodeTwice(Plain):
    """A draw with replacement, from not enough."""

    def codes(self):
        first, *others = super().codes()
        return [first, *others[1:], first]


class IssuesTooFew(Plain):
    """An off-by-one when they are made."""

    def codes(self):
        return super().codes()[1:]


class ShowsCapitals(Plain):
    """It shows capital letters, and takes only these."""

    def codes(self):
        return [code.upper() for code in super().codes()]

    def read(self, typed):
        text = super().read(typed).upper()
        is_lower = typed != typed.upper() and typed.isascii()
        return "" if is_lower else text


class TakesSmallLetters(Plain):
    """It takes the letters as they are shown, and no capital ones."""

    def read(self, typed):
        return "" if typed != typed.lower() and typed.isascii() else super().read(typed)


class WantsSeparators(Plain):
    """A code without its hyphen has not the right length."""

    def read(self, typed):
        text = super().read(typed)
        return text if len(typed.strip()) > 2 * 7 else ""


class WantsHyphens(Plain):
    """Blanks are no hyphens."""

    def read(self, typed):
        return "" if " " in typed.strip().removeprefix("1. ") else super().read(typed)


class WantsNoBlanks(Plain):
    """What was pasted with a blank at its end is another text."""

    def read(self, typed):
        return "" if typed != typed.strip() else super().read(typed)


class WantsNoListMark(Plain):
    """Who copies a line of a numbered list copies the number."""

    def read(self, typed):
        return "" if typed.startswith("1. ") else super().read(typed)


class WantsAscii(Plain):
    """Japanese keyboards are not expected."""

    def read(self, typed):
        return super().read(typed) if typed.isascii() else ""


FAULTS = {
    "H1": RefusesTheLastCode,
    "H2": KeepsWhatWasTyped,
    "H3": ChecksThenStrikesOut,
    "H4": WritesTheWholeListBack,
    "H5": BringsTheFirstSetBack,
    "H6": IssuesWithoutTheLock,
    "H7": BringsRevokedCodesBack,
    "H8": RevokesWithoutTheLock,
    "H9": TakesTheCodesOfAll,
    "H10": TakesNothingForACode,
    "H11": StumblesOverZero,
    "H12": LetsStrangersIn,
    "H13": TellsWhoExists,
    "H14": CountsNoGuesses,
    "H15": LogsWhatWasTyped,
    "H16": TellsAllThereEverWere,
    "H17": IssuesACodeTwice,
    "H18": IssuesTooFew,
    "F1": ShowsCapitals,
    "F2": TakesSmallLetters,
    "F3": WantsSeparators,
    "F4": WantsHyphens,
    "F5": WantsNoBlanks,
    "F6": WantsNoListMark,
    "F7": WantsAscii,
}
"""The only promise that each of them breaks, and a login that breaks it."""
