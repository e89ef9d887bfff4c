"""A login in memory that keeps every promise."""

import hashlib
import secrets
import threading
import unicodedata
from itertools import count

from recoverykit.testing.hosts import FORMS, Host

SIZE = 6
WRONG, LOCKED = "wrong code", "too many guesses"


class Refused(Exception):
    """Nobody is let in; the only argument is what they are told."""


class Plain:
    """Codes by user, as salted digests, under one lock."""

    most = 20  # wrong guesses in a row
    cost = 2  # of a hash; far too little outside tests

    def __init__(self):
        self.lock = threading.RLock()
        self.numbers = count(1)
        self.salt = secrets.token_bytes(16)
        self.good = {}
        self.failures = {}
        self.log = []

    def host(self, **other):
        described = {
            "new_user": self.new_user,
            "issue": self.issue,
            "redeem": self.redeem,
            "refusals": (Refused,),
            "regenerate": self.regenerate,
            "revoke": self.revoke,
            "remaining": self.remaining,
            "stranger": lambda: "nobody",
            "told": lambda refusal: refusal.args[0],
            "dump": lambda: [repr(self.good), repr(self.failures), *self.log],
            "set_size": SIZE,
            "most_guesses": Plain.most,
            "further_forms": FORMS[-2:],
        }
        return Host(**described | other)

    def new_user(self):
        user = f"user-{next(self.numbers)}"
        self.good[user], self.failures[user] = frozenset(), 0
        return user

    def issue(self, user):
        codes = self.codes()
        with self.guard("issue", user):
            self.keep(user, codes)
        return codes

    def regenerate(self, user):
        return self.issue(user)

    def revoke(self, user):
        with self.guard("revoke", user):
            self.keep(user, [])

    def remaining(self, user):
        return len(self.good[user])

    def redeem(self, user, typed):
        if user not in self.good:
            return self.refuse_stranger()
        with self.guard("redeem", user, typed):
            if self.failures[user] >= self.most:
                raise Refused(LOCKED)
            if not self.spend(user, self.read(typed)):
                self.failures[user] += 1
                raise Refused(WRONG)
            self.failures[user] = 0
        return True

    # What a broken login does in another way.

    def guard(self, verb, user, typed=""):
        """Return what a verb holds while it runs."""
        return self.lock

    def codes(self):
        texts = [secrets.token_hex(7) for _ in range(SIZE)]
        return [f"{text[:7]}-{text[7:]}" for text in texts]

    def keep(self, user, codes):
        self.good[user] = frozenset(self.digest(user, self.read(code)) for code in codes)

    def spend(self, user, code):
        good, digest = self.good[user], self.digest(user, code)
        if digest not in good:
            return False
        self.good[user] = good - {digest}
        return True

    def read(self, typed):
        text = unicodedata.normalize("NFKC", typed).strip().removeprefix("1. ")
        return text.replace("-", "").replace(" ", "").lower()

    def digest(self, user, code):
        return hashlib.scrypt(code.encode(), salt=self.salt + user.encode(), n=self.cost, r=1, p=1)

    def refuse_stranger(self):
        raise Refused(WRONG)
