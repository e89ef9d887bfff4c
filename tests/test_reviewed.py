"""What was found by trying to break it: each fault that there was, once more."""

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    ForeignScheme,
    InvalidArgument,
    Policy,
    RecoveryKit,
)
from recoverykit.core.replacement import _other_than
from recoverykit.storage.memory import MemoryStorage
from tests.core.test_foreign import CODE, VECTORS
from tests.weak import WEAK

CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MIXED = CodeFormat.symbols(ALNUM, 10, group=5)


class Overtaken(MemoryStorage):
    """Lets something else happen right before one commit."""

    before = None

    def commit(self, subject, change):
        happens, self.before = self.before, None
        if happens:
            happens()
        return super().commit(subject, change)


def test_two_rotations_of_an_imported_set_share_one_salt():
    """The one that lost its swap draws its replacement anew, under the salt of the other."""
    storage = Overtaken()
    kit = RecoveryKit(storage, policy=Policy(hasher=CHEAP, rotate=True, accept=WEAK))
    lines = [line for scheme, line in VECTORS.values() if scheme is ForeignScheme.ARGON2]
    kit.import_hashes("ada", lines, scheme=ForeignScheme.ARGON2, format=MIXED, with_separators=True)
    others = []
    storage.before = lambda: others.append(kit.redeem("ada", CODE))
    mine = kit.redeem("ada", CODE)
    for redeemed in (mine, *others):
        assert kit.redeem("ada", redeemed.replacement.codes[0]).ordinal == redeemed.ordinal


def test_an_imported_code_names_a_place_that_a_set_has():
    """Or it is refused, and nothing is stored that could not be read again."""
    storage = MemoryStorage()
    kit = RecoveryKit(storage, policy=Policy(hasher=CHEAP, accept=WEAK))
    symbols = "".join(map(chr, range(33, 127))).replace("-", "")
    shape = CodeFormat.symbols(symbols, 12, selector=True)
    with pytest.raises(InvalidArgument, match="a place past the 64"):
        kit.import_codes("ada", [symbols[70] + "A" * 12], format=shape)
    assert kit.status("ada").total == 0


def test_a_replacement_is_never_the_code_that_was_just_spent():
    """However short the codes are."""
    kit = RecoveryKit(
        MemoryStorage(),
        policy=Policy(
            count=1,
            format=CodeFormat.digits(1, selector=True),
            hasher=CHEAP,
            rotate=True,
            accept=WEAK | {"N4-LS-MIN"},
        ),
    )
    code = kit.issue("ada").codes[0]
    for _ in range(60):
        spent, code = code, kit.redeem("ada", code).replacement.codes[0]
        assert code != spent


@pytest.mark.parametrize(
    "wrong",
    [{"policy": None}, {"hashing": None}, {"clock": 5}, {"on_event": 5}, {"storage": None}],
)
def test_a_kit_is_made_of_what_it_says(wrong):
    """Anything else is told at once, by an error of the library's."""
    arguments = {"storage": MemoryStorage()} | wrong
    with pytest.raises(InvalidArgument):
        RecoveryKit(arguments.pop("storage"), **arguments)


@pytest.mark.parametrize("shape", [None, "digits"])
def test_an_import_needs_a_format(shape):
    """One of the library's own."""
    kit = RecoveryKit(MemoryStorage())
    with pytest.raises(InvalidArgument):
        kit.import_codes("ada", ["12345678"], format=shape)
    with pytest.raises(InvalidArgument):
        kit.import_hashes("ada", ["x"], scheme=ForeignScheme.BCRYPT, format=shape)


def test_no_other_code_than_the_spent_one_ends_in_an_error():
    """An entropy source that is stuck is no reason for a loop without an end."""
    guess = CodeFormat.digits(8).parse("00000000")
    with pytest.raises(InvalidArgument, match="again and again"):
        _other_than(guess.canonical, CodeFormat.digits(8), None, bytes)
