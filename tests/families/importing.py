"""Families of importing: codes of another system, which are known to their owner already."""

from recoverykit.core.format import CodeFormat
from tests.families.plain import PLAIN
from tests.verbs import Code, Family, by_name, codes_of, in_a_word, names, played
from tests.weak import WEAK

# Codes without a selector, which share one salt; what is issued beside them has the same shape.
IMPORTING = PLAIN.but(format=CodeFormat.base32(16), accept=WEAK)
CONFIRMING = IMPORTING.but(confirm=True)
ROTATING = IMPORTING.but(rotate=True)
TEXTS = ("ABCDEFGHIJKLMNOP", "BCDEFGHIJKLMNOPQ", "CDEFGHIJKLMNOPQR")
TWO_OF_THEM = TEXTS[:2]
KNOWN = tuple(Code(text, None) for text in TEXTS)

ISSUED, _played = played(IMPORTING.issue("old"))
OLD = codes_of(_played, "old")
IMPORTED, _played = played(IMPORTING.import_codes("import before", TEXTS))


def importing(name="import", kit=IMPORTING):
    return kit.import_codes(name, TWO_OF_THEM)


def replacing(name="import and replace"):
    return IMPORTING.import_codes(name, TWO_OF_THEM, replacing=True)


def the_first_stands(history, deeds):
    """Whoever comes first stays, and the other is told so."""
    assert len(deeds) == 1
    words = {name: in_a_word(end) for name, end in history.ends.items()}
    told = words.pop(deeds[0].call)
    assert told == ("Status" if deeds[0].kind == "imported" else "Issued")
    assert set(words.values()) == {"CodesAlreadyIssued"}


def pended_or_imported(history, deeds):
    """As without confirming: the imported set counts at once, and the other one only waits."""
    assert [deed.kind for deed in deeds] in (["imported"], ["pended"])
    assert "CodesAlreadyIssued" in names(history)


def imported_first_or_never(history, deeds):
    """A set that a replace has put there stays; an imported one gives way to who has seen it."""
    kinds = [deed.kind for deed in deeds]
    told = in_a_word(history.ends["import"]), in_a_word(history.ends["replace"])
    assert (*told, *kinds) in {
        ("CodesAlreadyIssued", "Issued", "issued"),
        ("Status", "Issued", "imported", "issued"),
        ("Status", "ConcurrentUpdate", "imported"),
    }


def the_last_stands(history, deeds):
    """Whoever was overtaken has landed nothing."""
    overtaken = 2 - len(deeds)
    assert names(history) == ["ConcurrentUpdate"] * overtaken + ["Status"] * len(deeds)


def old_code_before_or_never(history, deeds):
    """A code of the old set succeeds before the import; afterwards it is a wrong one."""
    kinds = [deed.kind for deed in deeds]
    assert (in_a_word(history.ends["A"]), *kinds) in {
        ("Redemption", "spent", "imported"),
        ("InvalidCode", "imported", "counted"),
    }


def known_code_in_either_set(history, deeds):
    """It is in both sets; where it was spent in the old one, the host has brought it back."""
    assert names(history) == ["Redemption", "Status"]
    (at,) = [place for place, deed in enumerate(deeds) if deed.kind == "spent"]
    assert len(deeds[-1].after.spent) == at


def redeemed_after_the_import(history, deeds):
    """Before it there is nothing to redeem."""
    kinds = [deed.kind for deed in deeds]
    assert (in_a_word(history.ends["A"]), *kinds) in {
        ("Redemption", "imported", "spent"),
        ("NoActiveCodes", "imported"),
    }


def erased_or_imported(history, deeds):
    """An import that comes before the erasure finds the old set, and is refused."""
    told, kinds = in_a_word(history.ends["import"]), [deed.kind for deed in deeds]
    assert (told, *kinds) in {
        ("CodesAlreadyIssued", "erased"),
        ("Status", "erased", "imported"),
    }


def imported_once_and_spent_once(history, deeds):
    """The second import is refused, before or after the redemption, and brings nothing back."""
    assert [deed.kind for deed in deeds] in (["imported"], ["imported", "spent"])
    assert names(history).count("Status") == 1
    assert names(history).count("CodesAlreadyIssued") == 1
    assert len(deeds[-1].after.spent) == len(deeds) - 1


def all_replaced(history, deeds):
    """Each succeeds and has another code in its place, under the salt that all of them share."""
    assert set(names(history)) == {"Redemption"}
    assert all(deed.is_replacing for deed in deeds)
    after = deeds[-1].after
    assert len(deeds) == len(after.former) == len(history.ends)
    assert not after.spent
    assert len({digest.rpartition("$")[0] for digest in after.digests}) == 1


def one_replaced(history, deeds):
    """One succeeds; for the other the spent code is a wrong one."""
    assert names(history) == ["InvalidCode", "Redemption"]


TWO = {
    "an import against an issue": Family(
        by_name(importing(), IMPORTING.issue("issue")),
        the_first_stands,
        states=20,
    ),
    "an import against an issue that waits": Family(
        by_name(importing(kit=CONFIRMING), CONFIRMING.issue("issue")),
        pended_or_imported,
        states=20,
    ),
    "an import against a replace": Family(
        by_name(importing(), IMPORTING.issue("replace", replacing=True)),
        imported_first_or_never,
        states=23,
    ),
    "two imports of the same codes": Family(
        by_name(importing("import 1"), importing("import 2")),
        the_first_stands,
        states=14,
    ),
    "two imports that replace": Family(
        by_name(replacing("import and replace 1"), replacing("import and replace 2")),
        the_last_stands,
        before=ISSUED,
        states=20,
    ),
    "an import that replaces against a redemption of the old set": Family(
        by_name(replacing(), IMPORTING.redeem("A", OLD[0])),
        old_code_before_or_never,
        before=ISSUED,
        states=28,
    ),
    "an import that replaces against a redemption of the same code": Family(
        by_name(replacing(), IMPORTING.redeem("A", KNOWN[0])),
        known_code_in_either_set,
        before=IMPORTED,
        states=28,
    ),
    "an import against a redemption": Family(
        by_name(importing(), IMPORTING.redeem("A", KNOWN[0])),
        redeemed_after_the_import,
        states=9,
    ),
    "an import against an erase": Family(
        by_name(importing(), IMPORTING.erase("erase")),
        erased_or_imported,
        before=ISSUED,
        states=9,
    ),
    "two rotated codes of an imported set": Family(
        by_name(*ROTATING.redemptions(*KNOWN[:2])),
        all_replaced,
        before=IMPORTED,
        states=27,
    ),
    "a rotated code of an imported set twice": Family(
        by_name(*ROTATING.redemptions(KNOWN[0], KNOWN[0])),
        one_replaced,
        before=IMPORTED,
        states=27,
    ),
}

THREE = {
    "two imports of the same codes and a redemption": Family(
        by_name(importing("import 1"), importing("import 2"), IMPORTING.redeem("A", KNOWN[0])),
        imported_once_and_spent_once,
        states=100,
    ),
    "an import and a redemption against an erase": Family(
        by_name(importing(), IMPORTING.redeem("A", KNOWN[0]), IMPORTING.erase("erase")),
        states=49,
    ),
    "three rotated codes of an imported set": Family(
        by_name(*ROTATING.redemptions(*KNOWN)),
        all_replaced,
        before=IMPORTED,
        states=390,
    ),
}
