"""Logins that let two people in with one code, but only in some places or spellings."""

import secrets
import threading
from collections import defaultdict

from tests.testing.hosts.faults import ChecksThenStrikesOut
from tests.testing.hosts.plain import Plain


class KeepsPlaces(Plain):
    """It knows in which place of its set each code stands."""

    size = 10

    def __init__(self):
        super().__init__()
        self.places = {}

    def codes(self):
        texts = [secrets.token_hex(7) for _ in range(self.size)]
        return [f"{text[:7]}-{text[7:]}" for text in texts]

    def keep(self, user, codes):
        super().keep(user, codes)
        self.places[user] = [self.digest(user, self.read(code)) for code in codes]

    def place(self, user, code):
        digest = self.digest(user, code)
        return self.places[user].index(digest) if digest in self.places[user] else self.size


class KeepsTheLastCode(Plain):
    """A list that is empty counts as none: what is left after the last code is not written."""

    def spend(self, user, code):
        good = self.good[user]
        is_good = super().spend(user, code)
        self.good[user] = self.good[user] or good
        return is_good


class HasAMaskOfEightBits(KeepsPlaces):
    """Ten codes, and one byte that says which of them are used."""

    def spend(self, user, code):
        good = self.good[user]
        is_good = super().spend(user, code)
        if self.place(user, code) >= 8:
            self.good[user] = good
        return is_good


class CountsFromTheTop(KeepsPlaces):
    """It counts the used ones, and takes for granted that people go through the list in order."""

    def __init__(self):
        super().__init__()
        self.used = defaultdict(int)

    def keep(self, user, codes):
        super().keep(user, codes)
        self.used[user] = 0

    def spend(self, user, code):
        is_good = self.used[user] <= self.place(user, code) < self.size
        self.used[user] += is_good
        return is_good


class BeginsAnew(KeepsPlaces):
    """Once the last code is used, one in the middle is good again."""

    def spend(self, user, code):
        is_good = super().spend(user, code)
        if is_good and not self.good[user]:
            self.good[user] = frozenset(self.places[user][5:6])
        return is_good


class LocksTheFirstCodes(ChecksThenStrikesOut, KeepsPlaces):
    """There is a lock for each of the first four codes, and none for the others."""

    def spend(self, user, code):
        if self.place(user, code) >= 4:
            return super().spend(user, code)
        with self.lock:
            return super().spend(user, code)


class LocksWhatWasTyped(ChecksThenStrikesOut):
    """There is a lock for each text that is typed, and a code can be typed in several ways."""

    def __init__(self):
        super().__init__()
        self.locks = {}

    def guard(self, verb, user, typed=""):
        if verb != "redeem":
            return self.lock
        return self.locks.setdefault((user, typed), threading.RLock())
