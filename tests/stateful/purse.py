"""The purse: every code that was ever shown or brought along, and whose it is."""

from tests.stateful.reading import plain_of, read


class Purse:
    """Keeps the texts of codes, and finds one of a kind."""

    def __init__(self):
        self._kept = []  # (subject, set, slot, text), in the order in which they were shown
        self._secrets = set()

    def keep(self, who, codes, slot, text):
        """Keep a code, and tell the oracle's slot what stands in it."""
        guess = read(codes.shape, text)
        assert guess is not None
        assert guess.ordinal in {None, slot.ordinal}
        slot.values = guess.values
        self.hide(text)
        self.bring(who, codes, slot, text)

    def bring(self, who, codes, slot, text):
        """Keep a code that the oracle knows already."""
        self._kept.append((who, codes, slot, text))

    def hide(self, *secrets):
        """Remember what must not be seen: codes, or hashes of them."""
        self._secrets.update(secrets)
        self._secrets.update(plain_of(secret) for secret in secrets)

    def text_of(self, slot):
        """Return the text of the code in a slot."""
        return next(text for _, _, each, text in self._kept if each is slot)

    def pick(self, account, who, source, which):
        """Return the shape and the text of a code from a source; None where that has none.

        Args:
            account: what the oracle knows about the subject.
            who: the subject.
            source: ``unused`` or ``used`` of those in the active set, ``active`` for both,
                ``pending``, ``mine`` for all that the subject was ever shown, ``any`` for
                everybody's, ``stranger`` for none of them.
            which: which of them, from the newest back.
        """
        found = [
            (codes.shape, text)
            for owner, codes, slot, text in self._kept
            if _is_of(source, is_mine=owner == who, codes=codes, slot=slot, account=account)
        ]
        return found[-1 - which % len(found)] if found else None

    def is_not_in(self, *texts):
        """Fail where a text shows a secret."""
        for secret in self._secrets:
            for text in texts:
                assert secret not in text


def _is_of(source, *, is_mine, codes, slot, account):
    is_active = codes is account.active and slot in codes.slots
    return {
        "unused": is_active and slot.used_at is None,
        "used": codes is account.active and slot.used_at is not None,
        "active": is_active,
        "pending": codes is account.pending,
        "mine": is_mine,
        "any": True,
        "stranger": False,
    }[source]
