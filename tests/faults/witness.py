"""A storage that tells which answers to commits were lost, in one call of a client."""

from recoverykit import OutcomeUnknown, Subject
from recoverykit.storage import AsyncStorage, Change, Record, Storage


class Watch:
    """What was seen since the last `reset`.

    Attributes:
        lost: how many commits ended in `OutcomeUnknown`.
        has_won: whether one has won.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        self.lost, self.has_won = 0, False


class Watched(Watch):
    """A storage that is watched.

    Args:
        storage: the storage.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage

    def load(self, subject: Subject) -> Record | None:
        return self._storage.load(subject)

    def commit(self, subject: Subject, change: Change) -> bool:
        try:
            won = self._storage.commit(subject, change)
        except OutcomeUnknown:
            self.lost += 1
            raise
        self.has_won |= won
        return won


class AsyncWatched(Watch):
    """An awaited storage that is watched.

    Args:
        storage: the storage.
    """

    def __init__(self, storage: AsyncStorage) -> None:
        super().__init__()
        self._storage = storage

    async def load(self, subject: Subject) -> Record | None:
        return await self._storage.load(subject)

    async def commit(self, subject: Subject, change: Change) -> bool:
        try:
            won = await self._storage.commit(subject, change)
        except OutcomeUnknown:
            self.lost += 1
            raise
        self.has_won |= won
        return won
