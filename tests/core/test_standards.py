"""The rules of the standards, each on both sides of its figure, and what an audit makes of them."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from recoverykit import (
    Alphabet,
    Argon2idHasher,
    CodeFormat,
    Finding,
    InvalidArgument,
    KeyedHasher,
    Keyring,
    Pbkdf2Hasher,
    Policy,
    PolicyError,
    Profile,
    RecoveryKit,
    Severity,
    Throttle,
)
from recoverykit.core.standards import DUTIES, RISKS, RULE_IDS, RULES, Audited, audit
from recoverykit.storage.memory import MemoryStorage

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
DEFAULT, PCI, PSD2, FIPS = Profile.DEFAULT, Profile.PCI, Profile.PSD2, Profile.FIPS
SECOND = timedelta(seconds=1)
KEYED = KeyedHasher()
SIX_DIGITS = CodeFormat.digits(6)


def of_bits(bits, *, selector=True):
    """Return a format with that entropy, to come as close to a figure as no real one does."""

    class Exact(CodeFormat):
        @property
        def space(self):
            return round(2**bits)

    return Exact(alphabet=Alphabet.CROCKFORD32, length=13, selector=selector)


def argon2id(memory_kib, time_cost):
    return Argon2idHasher(memory_kib=memory_kib, time_cost=time_cost, parallelism=1)


def audited(*, peppered=True, on=None, salt_bytes=16, **policy):
    return Audited(policy=Policy(**policy), peppered=peppered, on=on, salt_bytes=salt_bytes)


def found(rule, facts, *, profile=DEFAULT):
    """Return what an audit says under one rule's id; None where it says nothing."""
    findings = [each for each in audit(audited(**facts), profile=profile) if each.rule == rule]
    assert len(findings) <= 1
    return findings[0] if findings else None


# Each rule with the last policy that breaks it, and the first that keeps it.
CASES = [
    # The codes.
    ("N4-LS-MIN", ERROR, {"format": CodeFormat.digits(5)}, {"format": CodeFormat.digits(6)}),
    ("N4-LS-MIN", ERROR, {"format": CodeFormat.base32(3)}, {"format": CodeFormat.base32(4)}),
    ("N4-LS-MIN", ERROR, {"format": CodeFormat.hex(4)}, {"format": CodeFormat.hex(5)}),
    ("N4-LS-MIN", ERROR, {"format": of_bits(19.99)}, {"format": of_bits(20)}),
    ("N4-LS-MIN", ERROR, {"format": CodeFormat.words(1)}, {"format": CodeFormat.words(2)}),
    ("N4-SRC-64", ERROR, {"format": of_bits(63.9)}, {"format": of_bits(64)}),
    ("N4-SRC-64", ERROR, {"format": CodeFormat.digits(19)}, {"format": CodeFormat.digits(20)}),
    ("N4-SRC-64", ERROR, {"format": CodeFormat.hex(15)}, {"format": CodeFormat.hex(16)}),
    ("N4-SRC-64", ERROR, {"format": CodeFormat.base32(12)}, {"format": CodeFormat.base32(13)}),
    ("N4-SRC-64", ERROR, {"format": CodeFormat.words(4)}, {"format": CodeFormat.words(5)}),
    ("A5-11.5.1", INFO, {"format": of_bits(127.9)}, {"format": of_bits(128)}),
    ("ROUTE-TOTP", WARNING, {"format": SIX_DIGITS}, {"format": CodeFormat.digits(5)}),
    ("ROUTE-TOTP", WARNING, {"format": CodeFormat.digits(8)}, {"format": CodeFormat.digits(9)}),
    (
        "ROUTE-TOTP",
        WARNING,
        {"format": CodeFormat.digits(6, selector=True, check=True, group=4)},
        {"format": CodeFormat.digits(7, selector=True, check=True, group=3)},
    ),
    ("ROUTE-TOTP", WARNING, {"format": CodeFormat.hex(8)}, {"format": CodeFormat.base32(8)}),
    ("ROUTE-TOTP", WARNING, {"format": CodeFormat.hex(6)}, {"format": CodeFormat.words(6)}),
    ("N4-UX-FONT", INFO, {"format": CodeFormat.alphanumeric(13)}, {}),
    ("N4-UX-FONT", INFO, {"format": CodeFormat.base32(13)}, {"format": CodeFormat.hex(16)}),
    ("N4-UX-FONT", INFO, {"format": CodeFormat.base32(13)}, {"format": CodeFormat.words(5)}),
    ("N4-SRC-REISSUE", INFO, {}, {"rotate": True}),
    # The stored form.
    (
        "N4-LS-112",
        ERROR,
        {"format": of_bits(111.9), "hasher": KEYED},
        {"format": of_bits(112.0), "hasher": KEYED},
    ),
    ("N4-LS-112", ERROR, {"hasher": KEYED}, {"hasher": Pbkdf2Hasher()}),
    (
        "N4-LS-112",
        ERROR,
        {"format": of_bits(127.9), "hasher": KEYED, "on": date(2031, 1, 1)},
        {"format": of_bits(127.9), "hasher": KEYED, "on": date(2030, 12, 31)},
    ),
    (
        "131A",
        INFO,
        {"format": of_bits(127.9), "hasher": KEYED},
        {"format": of_bits(128), "hasher": KEYED},
    ),
    ("N4-SRC-HASH", INFO, {"format": of_bits(112), "hasher": KEYED}, {"format": of_bits(112)}),
    ("A5-C-KDF", ERROR, {"hasher": argon2id(47_103, 1)}, {"hasher": argon2id(47_104, 1)}),
    ("A5-C-KDF", ERROR, {"hasher": argon2id(19_455, 2)}, {"hasher": argon2id(19_456, 2)}),
    ("A5-C-KDF", ERROR, {"hasher": argon2id(12_287, 3)}, {"hasher": argon2id(12_288, 3)}),
    ("A5-C-KDF", ERROR, {"hasher": argon2id(12_287, 64)}, {"hasher": argon2id(12_288, 4)}),
    (
        "A5-C-KDF",
        ERROR,
        {"hasher": Pbkdf2Hasher(iterations=599_999)},
        {"hasher": Pbkdf2Hasher(iterations=600_000)},
    ),
    (
        "A5-C-KDF",
        ERROR,
        {"hasher": argon2id(8, 1), "format": of_bits(111.9)},
        {"hasher": argon2id(8, 1), "format": of_bits(112)},
    ),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(47_103, 1)}, {"hasher": argon2id(47_104, 1)}),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(19_455, 2)}, {"hasher": argon2id(19_456, 2)}),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(12_287, 3)}, {"hasher": argon2id(12_288, 3)}),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(9_215, 4)}, {"hasher": argon2id(9_216, 4)}),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(7_167, 5)}, {"hasher": argon2id(7_168, 5)}),
    ("OCS-ARGON2", WARNING, {"hasher": argon2id(7_167, 64)}, {"hasher": argon2id(7_168, 64)}),
    (
        "OCS-ARGON2",
        WARNING,
        {"hasher": Pbkdf2Hasher(iterations=599_999)},
        {"hasher": Pbkdf2Hasher()},
    ),
    (
        "OCS-ARGON2",
        WARNING,
        {"hasher": argon2id(7_167, 5), "format": of_bits(111)},
        {"hasher": argon2id(7_167, 5), "format": of_bits(112)},
    ),
    ("N4-LS-SALT", ERROR, {"salt_bytes": 3}, {"salt_bytes": 4}),
    (
        "N4-LS-SALT",
        ERROR,
        {"salt_bytes": 3, "format": of_bits(111.9)},
        {"salt_bytes": 3, "format": of_bits(112)},
    ),
    (
        "N4-LS-SALT-EACH",
        WARNING,
        {"format": of_bits(111.9, selector=False)},
        {"format": of_bits(112, selector=False)},
    ),
    (
        "N4-LS-SALT-EACH",
        WARNING,
        {"format": CodeFormat.hex(16), "count": 2},
        {"format": CodeFormat.hex(16), "count": 1},
    ),
    ("N4-LS-SALT-EACH", WARNING, {"format": of_bits(65, selector=False)}, {"format": of_bits(65)}),
    (
        "OCS-MFA-OTPHASH",
        ERROR,
        {"format": of_bits(46.9), "peppered": False},
        {"format": of_bits(47.1), "peppered": False},
    ),
    (
        "OCS-MFA-OTPHASH",
        ERROR,
        {"format": of_bits(49.4, selector=False), "peppered": False},
        {"format": of_bits(49.6, selector=False), "peppered": False},
    ),
    (
        "OCS-MFA-OTPHASH",
        ERROR,
        {"format": of_bits(47.6), "hasher": Pbkdf2Hasher(), "peppered": False},
        {"format": of_bits(47.8), "hasher": Pbkdf2Hasher(), "peppered": False},
    ),
    (
        "OCS-MFA-OTPHASH",
        ERROR,
        {"format": of_bits(67.9), "hasher": KEYED, "peppered": False},
        {"format": of_bits(68.0), "hasher": KEYED, "peppered": False},
    ),
    (
        "OCS-MFA-OTPHASH",
        ERROR,
        {"format": SIX_DIGITS, "peppered": False},
        {"format": SIX_DIGITS, "peppered": True},
    ),
    (
        "N4-PEPPER",
        ERROR,
        {"format": of_bits(115), "hasher": KEYED, "peppered": False},
        {"format": of_bits(115), "hasher": KEYED, "peppered": True},
    ),
    ("N4-PEPPER", WARNING, {"peppered": False}, {"peppered": True}),
    ("FIPS-ARGON", INFO, {}, {"hasher": Pbkdf2Hasher()}),
    # Wrong guesses.
    ("N4-LS-RATE", ERROR, {"throttle": None}, {}),
    ("N4-SRC-THROTTLE", ERROR, {"throttle": None, "format": of_bits(128)}, {}),
    (
        "N4-THR-100",
        ERROR,
        {"throttle": Throttle(disable_after=101)},
        {"throttle": Throttle(disable_after=100)},
    ),
    ("N4-THR-100", ERROR, {"throttle": None}, {}),
    (
        "A4-2.2.1",
        WARNING,
        {"throttle": Throttle(free=101, disable_after=101)},
        {"throttle": Throttle(free=100, disable_after=100)},
    ),
    (
        "A4-2.2.1",
        WARNING,
        {"throttle": Throttle(free=1, first_delay=36 * SECOND, factor=1, disable_after=1_000)},
        {"throttle": Throttle(free=1, first_delay=37 * SECOND, factor=1, disable_after=1_000)},
    ),
    ("A4-2.2.1", WARNING, {"throttle": None}, {}),
    (
        "N4-UX-10",
        INFO,
        {"throttle": Throttle(disable_after=9)},
        {"throttle": Throttle(disable_after=10)},
    ),
    ("N4-UX-10", INFO, {"throttle": Throttle(disable_after=9)}, {"throttle": None}),
]
# The same for what only one profile asks for.
OWN_CASES = [
    (
        "PCI-8.3.4",
        PCI,
        {"throttle": Throttle(free=11, first_delay=1_800 * SECOND)},
        {"throttle": Throttle(free=10, first_delay=1_800 * SECOND)},
    ),
    (
        "PCI-8.3.4",
        PCI,
        {"throttle": Throttle(free=10, first_delay=1_799 * SECOND)},
        {"throttle": Throttle(free=10, first_delay=1_800 * SECOND)},
    ),
    (
        "PCI-8.3.4",
        PCI,
        {"throttle": Throttle(disable_after=11)},
        {"throttle": Throttle(disable_after=10)},
    ),
    ("PCI-8.3.4", PCI, {}, {"throttle": Throttle(first_delay=60 * SECOND)}),
    ("PCI-8.3.4", PCI, {"throttle": None}, {"throttle": Throttle(free=5, disable_after=5)}),
    ("PCI-8.5.1", PCI, {"replay_for": timedelta.resolution}, {"replay_for": timedelta(0)}),
    ("PSD2-4.1", PSD2, {"replay_for": timedelta.resolution}, {"replay_for": timedelta(0)}),
    (
        "PSD2-4.3b",
        PSD2,
        {"throttle": Throttle(free=6, disable_after=6)},
        {"throttle": Throttle(free=5, disable_after=5)},
    ),
    (
        "PSD2-4.3b",
        PSD2,
        {"throttle": Throttle(free=6)},
        {"throttle": Throttle(free=2, disable_after=2)},
    ),
    (
        "PSD2-4.3b",
        PSD2,
        {"throttle": Throttle(first_delay=timedelta(milliseconds=29_999))},
        {"throttle": Throttle(free=5, disable_after=5)},
    ),
    ("PSD2-4.3b", PSD2, {"throttle": None}, {"throttle": Throttle(free=1, disable_after=1)}),
    ("N4-FIPS", FIPS, {}, {"hasher": Pbkdf2Hasher()}),
    ("N4-FIPS", FIPS, {}, {"hasher": KEYED, "format": of_bits(115)}),
    (
        "OCS-FIPS",
        FIPS,
        {"hasher": Pbkdf2Hasher(iterations=599_999), "format": of_bits(128)},
        {"hasher": Pbkdf2Hasher(iterations=600_000), "format": of_bits(128)},
    ),
    ("FIPS-KDF", FIPS, {"salt_bytes": 15}, {"salt_bytes": 16}),
]


@pytest.mark.parametrize(("rule", "severity", "broken", "kept"), CASES)
def test_a_rule_is_broken_on_one_side_of_its_figure(rule, severity, broken, kept):
    """The last value that breaks it is found, the first that keeps it is not."""
    finding = found(rule, broken)
    assert finding is not None
    assert finding.severity is severity
    assert found(rule, kept) is None


@pytest.mark.parametrize(("rule", "profile", "broken", "kept"), OWN_CASES)
def test_a_rule_of_a_profile_is_asked_by_it_alone(rule, profile, broken, kept):
    """It is an error there, and nothing elsewhere."""
    finding = found(rule, broken, profile=profile)
    assert finding is not None
    assert finding.severity is ERROR
    assert found(rule, kept, profile=profile) is None
    assert all(found(rule, broken, profile=other) is None for other in {*Profile} - {profile})


@pytest.mark.parametrize(
    ("throttle", "expected"),
    [
        (Throttle(), "30 s after failure 5, for good by failure 100"),
        (Throttle(free=1, disable_after=6), "8 min after failure 5, for good by failure 6"),
        (Throttle(free=5, disable_after=5), None),
        (None, "no limit"),
    ],
)
def test_a_block_for_a_time_has_to_be_justified(throttle, expected):
    """PSD2 allows it in the place of a block for good, and leaves its length to the host."""
    finding = found("PSD2-4.3b", {"throttle": throttle}, profile=PSD2)
    assert expected == (finding.found if finding else None)
    if throttle is not None and finding:
        assert finding.severity is INFO


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"format": of_bits(40)}, "HMAC-SHA-256"),
        ({"format": of_bits(128), "peppered": False}, "a keyed hash without a key"),
    ],
)
def test_a_fast_hash_is_named(facts, expected):
    """By what it is, or by what it lacks."""
    findings = audit(audited(hasher=KEYED, **facts), profile=DEFAULT)
    assert expected in {finding.found for finding in findings}


@pytest.mark.parametrize("rule", [*RULES, *RISKS, *DUTIES], ids=lambda rule: rule.id)
def test_a_finding_says_all_that_its_rule_does(rule):
    """And what was found."""
    broken = replace(rule, check=lambda _: "found")
    finding = broken.finding(audited(accept=frozenset({"N4-LS-112"})))
    for name in ("source", "severity", "figure", "assumed", "mend"):
        assert getattr(finding, name) == getattr(rule, name)
    assert (finding.rule, finding.found) == (rule.id, "found")
    assert finding.accepted is (rule.id == "N4-LS-112")


class TestRules:
    def test_every_rule_stands_in_the_tables_above(self):
        """With each severity that it has."""
        tried = {(rule, severity) for rule, severity, *_ in CASES}
        tried |= {(rule, ERROR) for rule, *_ in OWN_CASES}
        tried |= {("PSD2-4.3b", INFO)}  # below
        assert tried == {(rule.id, rule.severity) for rule in RULES}

    def test_ids_are_unique(self):
        """An id stands twice only where the severity depends on the policy."""
        everything = (*RULES, *RISKS, *DUTIES)
        times = Counter(rule.id for rule in everything)
        twice = {name for name, count in times.items() if count > 1}
        assert twice == {"N4-PEPPER", "PSD2-4.3b"}
        assert len({(rule.id, rule.severity) for rule in everything}) == len(everything)

    def test_every_profile_asks_for_the_default_too(self):
        """But for the remark that Argon2id is not approved, which is an error under FIPS."""

        def asked(profile):
            return {rule.id for rule in (*RULES, *RISKS, *DUTIES) if profile in rule.profiles}

        assert asked(DEFAULT) <= asked(PCI)
        assert asked(DEFAULT) <= asked(PSD2)
        assert asked(DEFAULT) - {"FIPS-ARGON"} <= asked(FIPS)
        assert asked(PCI) - asked(DEFAULT) == {"PCI-8.3.4", "PCI-8.5.1"}
        assert asked(PSD2) - asked(DEFAULT) == {"PSD2-4.1", "PSD2-4.3", "PSD2-4.3b"}
        assert asked(FIPS) - asked(DEFAULT) == {"N4-FIPS", "OCS-FIPS", "FIPS-KDF", "N4-FIPS-MODULE"}

    def test_all_that_is_said_has_a_figure_and_a_mend(self):
        """And a source, but for the rules that are the library's own; all in one line."""
        own = {rule.id for rule in (*RULES, *RISKS, *DUTIES) if not rule.source}
        assert own == {"ROUTE-TOTP", "RISK-ONLINE", "RISK-OFFLINE", "RISK-OFFLINE-PEPPER"}
        for rule in (*RULES, *RISKS, *DUTIES):
            assert rule.figure
            assert rule.mend
            assert (rule.severity is Severity.DUTY) == (rule in DUTIES)
        for each in Policy(format=SIX_DIGITS, throttle=None).audit(peppered=False):
            assert "\n" not in str(each)
            assert bool(each.found) != (each.severity is Severity.DUTY)

    def test_a_finding_says_all_in_one_line(self):
        """Id, source, demanded figure, computed value, assumptions, mend, acceptance."""
        whole = Finding(
            rule="X-1",
            source="X, 1",
            figure="10 bits",
            found="9 bits",
            assumed="a coin",
            mend="add one",
            accepted=True,
        )
        assert str(whole) == "X-1 (X, 1): 10 bits; found: 9 bits [a coin]; add one - accepted"
        assert str(Finding(rule="X-2", figure="a", mend="b")) == "X-2: a; b"
        assert Finding(rule="X-2", figure="a", mend="b").severity is ERROR


class TestAudit:
    def test_the_default_breaks_nothing(self):
        """Without a keyring it lacks a pepper, which is a SHOULD."""
        assert broken(Policy().audit(peppered=True)) == []
        assert broken(Policy().audit(peppered=False)) == ["N4-PEPPER"]
        RecoveryKit(MemoryStorage())

    def test_the_gravest_comes_first(self):
        """Errors, warnings, information, duties."""
        findings = Policy(format=SIX_DIGITS).audit(peppered=False)
        severities = [each.severity for each in findings]
        assert severities == sorted(severities, key=[*Severity].index)
        assert {*severities} == {*Severity}

    def test_six_digits_with_ten_codes_need_to_be_accepted(self):
        """A kit refuses them, and says what guessing them online and offline comes to."""
        policy = {"format": SIX_DIGITS, "count": 10}
        with pytest.raises(PolicyError) as caught:
            RecoveryKit(MemoryStorage(), policy=Policy(**policy))
        recovers, offline = caught.value.findings
        assert [recovers.rule, offline.rule] == ["N4-SRC-64", "OCS-MFA-OTPHASH"]
        assert recovers.found == (
            "19.93 bits: a chance of 0.001 a year by 100 guesses against 10 codes at a time, "
            "and $0.0012 for a code from a stolen database"
        )
        assert "each at the first moment that is allowed" in recovers.assumed
        assert "1,000 RTX 4090 at $0.50 an hour" in offline.assumed
        accepted = Policy(**policy, accept=frozenset({"N4-SRC-64", "OCS-MFA-OTPHASH"}))
        RecoveryKit(MemoryStorage(), policy=accepted)

    def test_a_pepper_leaves_one_reason_against_six_digits(self):
        """The database alone is then worth nothing; the length is still too short."""
        keyring = Keyring({"k": b"0123456789abcdef"})
        with pytest.raises(PolicyError) as caught:
            RecoveryKit(MemoryStorage(), policy=Policy(format=SIX_DIGITS), keyring=keyring)
        assert [each.rule for each in caught.value.findings] == ["N4-SRC-64"]
        assert caught.value.findings[0].found.endswith("from a stolen database and keyring")

    def test_what_is_accepted_is_still_told(self):
        """The finding stays, with the same severity, and says that it is accepted."""
        policy = Policy(throttle=None, accept=frozenset({"N4-LS-RATE"}))
        errors = [each for each in policy.audit(peppered=True) if each.severity is ERROR]
        assert {each.rule: each.accepted for each in errors} == {
            "N4-LS-RATE": True,
            "N4-SRC-THROTTLE": False,
            "N4-THR-100": False,
        }
        with pytest.raises(PolicyError) as caught:
            policy.require_sound(peppered=True)
        assert [each.rule for each in caught.value.findings] == ["N4-SRC-THROTTLE", "N4-THR-100"]

    @pytest.mark.parametrize(
        "unknown", ["N4-SRC-63", "n4-src-64", "", 64, "RISK-ONLINE", "N4-CHANNEL"]
    )
    def test_accepting_what_no_rule_is_called_is_refused(self, unknown):
        """A typing error must not accept nothing in silence; risks and duties are not accepted."""
        with pytest.raises(PolicyError) as caught:
            Policy(accept=frozenset({"N4-SRC-64", unknown}))
        (finding,) = caught.value.findings
        assert finding.rule == "accept"
        assert all(rule in finding.mend for rule in RULE_IDS)

    def test_a_policy_that_is_switched_off_has_no_findings(self):
        """No codes, no rules: not even the duties of the host."""
        off = Policy(count=0, format=CodeFormat.digits(1), hasher=KEYED, throttle=None)
        assert all(off.audit(peppered=False, profile=profile) == () for profile in Profile)
        RecoveryKit(MemoryStorage(), policy=off)

    def test_looking_ahead(self):
        """The draft of SP 800-131A Rev. 3 takes 128 bits from 2031 on; today 112 do."""
        policy = Policy(format=of_bits(115), hasher=KEYED)
        assert broken(policy.audit(peppered=True)) == []
        assert broken(policy.audit(peppered=True, on=date(2030, 12, 31))) == []
        assert broken(policy.audit(peppered=True, on=date(2031, 1, 1))) == ["N4-LS-112"]
        RecoveryKit(MemoryStorage(), policy=policy, keyring=Keyring({"k": bytes(range(16))}))

    @pytest.mark.parametrize(
        "wrong",
        [{"on": "2031-01-01"}, {"on": datetime(2031, 1, 1)}, {"profile": "fips"}],  # noqa: DTZ001
    )
    @pytest.mark.parametrize("count", [0, 10])
    def test_what_cannot_be_asked_is_refused(self, wrong, count):
        """A day is a date, and a profile one of ours, even where there is nothing to say."""
        with pytest.raises(InvalidArgument, match="profile must be a Profile"):
            Policy(count=count).audit(peppered=True, **wrong)

    def test_duties_are_listed_for_every_policy(self):
        """Whatever it says, and never as errors."""
        listed = [each for each in Policy().audit(peppered=True) if each.severity is Severity.DUTY]
        assert [each.rule for each in listed] == [
            duty.id for duty in DUTIES if DEFAULT in duty.profiles
        ]


class TestRisks:
    def test_those_of_the_default(self):
        """What the formulae give for 65 bits, a hundred guesses and Argon2id."""
        assert risks(Policy(), peppered=False) == {
            "RISK-ONLINE": "2.7e-18, by 100 guesses against 1 code",
            "RISK-DENIAL": (
                "up to 24 h by each wrong guess, 84.4 d in all, and for good after 100 wrong "
                "guesses, until a new set is issued"
            ),
            "RISK-OFFLINE": "$2.5e+11 and 5.8e+04 years for whoever has the database, "
            "by 1.8e+19 hashes",
            "RISK-OFFLINE-PEPPER": "no keyring: the database alone is enough to guess",
        }

    def test_a_keyring_leaves_nothing_to_guess(self):
        """Unless it was stolen as well: then the hash has to hold."""
        told = risks(Policy(), peppered=True)
        assert "for whoever has the database and the keyring" in told["RISK-OFFLINE"]
        assert told["RISK-OFFLINE-PEPPER"].startswith("nothing to guess")

    def test_a_guess_without_a_selector_is_against_all_codes(self):
        """Online and offline: ten times the chance, an eleventh of all hashes and not a half."""
        told = risks(Policy(format=CodeFormat.hex(10)), peppered=False)
        assert told["RISK-ONLINE"] == "9.1e-10, by 100 guesses against 10 codes at a time"
        assert told["RISK-OFFLINE"].endswith("by 1.0e+11 hashes")

    def test_without_a_throttle(self):
        """A thousand guesses a second, and nothing that could be denied."""
        told = risks(Policy(throttle=None, format=SIX_DIGITS), peppered=True)
        assert told["RISK-ONLINE"].startswith("certain, by 31,557,600,000 guesses")
        assert told["RISK-DENIAL"] == "not at all: nothing is delayed"

    def test_a_set_that_is_disabled_without_a_delay(self):
        """Five guesses, and the codes are gone."""
        told = risks(Policy.psd2(), peppered=True)
        assert told["RISK-DENIAL"] == "for good after 5 wrong guesses, until a new set is issued"

    def test_they_say_what_they_assume(self):
        """Each of them, beside the figure."""
        assert all(risk.assumed for risk in RISKS)


class TestPresets:
    @pytest.mark.parametrize(
        ("preset", "profile"),
        [
            (Policy.pci, PCI),
            (Policy.psd2, PSD2),
            (Policy.fips, FIPS),
            (Policy.single, DEFAULT),
        ],
    )
    def test_a_preset_keeps_its_profile(self, preset, profile):
        """Neither an error nor a warning; without a keyring, the one about the pepper."""
        for asked in {profile, DEFAULT}:
            assert broken(preset().audit(peppered=True, profile=asked)) == []
            assert broken(preset().audit(peppered=False, profile=asked)) == ["N4-PEPPER"]
        kit = RecoveryKit(MemoryStorage(), policy=preset())
        assert len(kit.issue("alice").codes) == preset().count

    @pytest.mark.parametrize(
        ("profile", "rules"),
        [
            (PCI, ["PCI-8.5.1", "PCI-8.3.4"]),
            (PSD2, ["PSD2-4.1"]),
            (FIPS, ["N4-FIPS"]),
        ],
    )
    def test_the_default_does_not_keep_the_profiles(self, profile, rules):
        """What the presets change is what the profiles ask for."""
        assert broken(Policy().audit(peppered=True, profile=profile)) == rules

    @pytest.mark.parametrize(
        ("policy", "found"),
        [
            ({}, {"N4-FIPS": "Argon2id", "N4-PEPPER": "no keyring", "A5-11.5.1": "65.00 bits"}),
            ({"throttle": None}, {"N4-THR-100": "no limit", "A4-2.2.1": "3,600,000 in an hour"}),
            (
                {"hasher": Pbkdf2Hasher(iterations=1_000)},
                {"OCS-FIPS": "PBKDF2, 1,000 iterations", "A5-C-KDF": "PBKDF2, 1,000 iterations"},
            ),
        ],
    )
    def test_what_was_found_is_told_beside_what_was_asked_for(self, policy, found):
        """In the words and the unit of the rule."""
        findings = Policy(**policy).audit(peppered=False, profile=FIPS)
        told = {each.rule: str(each) for each in findings if each.rule in found}
        assert told.keys() == found.keys()
        for rule, what in found.items():
            assert f"; found: {what}; " in told[rule]

    def test_their_figures(self):
        """Ten guesses and half an hour; five guesses; PBKDF2; one long code that is replaced."""
        pci, psd2, single = Policy.pci(), Policy.psd2(), Policy.single()
        assert pci.throttle.delay_after(9) == timedelta(0)
        assert pci.throttle.delay_after(10) == timedelta(minutes=30)
        assert psd2.throttle.disables_at(5)
        assert pci.replay_for == psd2.replay_for == timedelta(0)
        assert Policy.fips().hasher == Pbkdf2Hasher(iterations=600_000)
        assert (single.count, single.format.length, single.rotate) == (1, 24, True)
        assert single.low_at == 0  # one code is all there ever is


def broken(findings):
    """Return the ids of the errors and the warnings."""
    return [each.rule for each in findings if each.severity in {ERROR, WARNING}]


def risks(policy, *, peppered):
    named = {risk.id for risk in RISKS}
    findings = policy.audit(peppered=peppered)
    return {each.rule: each.found for each in findings if each.rule in named}
