"""The rules that tests break, so that they do not take long, or run into limits early."""

WEAK = frozenset(
    {
        "A5-C-KDF",
        "N4-LS-RATE",
        "N4-SRC-64",
        "N4-SRC-THROTTLE",
        "N4-THR-100",
        "OCS-MFA-OTPHASH",
    }
)
