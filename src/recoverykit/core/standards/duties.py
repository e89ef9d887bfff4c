"""The duties of the host: what the standards ask for, and no policy can say."""

from typing import Final

from recoverykit.core.standards.rule import (
    ASVS,
    EVERY_PROFILE,
    NIST,
    OWASP,
    Audited,
    Profile,
    Rule,
)
from recoverykit.errors import Severity


def _unjudged(audited: Audited) -> str:  # noqa: ARG001  # the same for every policy
    return ""


def _duty(
    id: str,
    source: str,
    *,
    figure: str,
    mend: str,
    profiles: frozenset[Profile] = EVERY_PROFILE,
) -> Rule:
    return Rule(
        id=id,
        source=source,
        severity=Severity.DUTY,
        figure=figure,
        mend=mend,
        check=_unjudged,
        profiles=profiles,
    )


_ISSUING: Final = (
    _duty(
        "N4-LS-DELIVER",
        f"{NIST}, 3.1.2.1",
        figure="the session that codes are issued in is authenticated at AAL2 or higher",
        mend="ask for two factors before issue, or issue at the first enrolment",
    ),
    _duty(
        "N4-CROSSFACTOR",
        f"{NIST}, 6.3 (informative); {OWASP} Multifactor Authentication, Changing MFA Factors",
        figure="a password alone does not get new codes",
        mend="ask for another enrolled factor before issue, confirm and revoke",
    ),
    _duty(
        "A5-7.5.1",
        f"{ASVS}, 7.5.1 (L2)",
        figure="full re-authentication before the factors are changed",
        mend="ask anew, in the same session, before issue and revoke",
    ),
    _duty(
        "A5-14.3.2",
        f"{ASVS}, 14.3.2 (L2)",
        figure="no cache keeps the page that shows the codes",
        mend="send Cache-Control: no-store with it",
    ),
    _duty(
        "N4-ISSUED-TTL",
        f"{NIST}, 4.2.1.2",
        figure="codes that are sent count 10 min by text or voice, 24 h by email, 21 d by post",
        mend="set expires_after, where you send codes instead of showing them",
    ),
    _duty(
        "N4-REVOKE",
        f"{NIST}, 4.5; {ASVS}, 6.5.6 (L3)",
        figure="invalid at once when the user asks for it, loses them, or the account ends",
        mend="call revoke or erase",
    ),
)
_REDEEMING: Final = (
    _duty(
        "N4-CHANNEL",
        f"{NIST}, 3.1.2.2",
        figure="codes travel through an authenticated protected channel",
        mend="take them over TLS only",
    ),
    _duty(
        "A5-14.2.1",
        f"{ASVS}, 14.2.1 (L1)",
        figure="no code in a URL or a query string",
        mend="take codes from the body of a POST",
    ),
    _duty(
        "N4-AAL2-LOGIN",
        f"{NIST}, 2.2.1",
        figure="at login a code counts beside a password or a biometric comparison only",
        mend="call redeem behind the first factor; never take a code at AAL3",
    ),
    _duty(
        "N4-AAL2-REC",
        f"{NIST}, 4.2.2.2; {ASVS}, 6.4.4 (L2)",
        figure="at AAL2 an account is recovered by a code and a bound factor, or two codes",
        mend="take a redemption as one recovery code, never as AAL2 by itself",
    ),
    _duty(
        "A5-6.4.3",
        f"{ASVS}, 6.4.3 (L2)",
        figure="a password reset does not bypass the second factor",
        mend="let one code stand for one factor",
    ),
    _duty(
        "A5-6.3.4",
        f"{ASVS}, 6.3.4 (L2)",
        figure="the same strength on every way in",
        mend="use one kit, one policy and one storage for web, API and support",
    ),
    _duty(
        "OCS-LT1S",
        f"{OWASP} Password Storage",
        figure="a hash takes less than one second",
        mend="measure it on the machines that serve logins",
    ),
    _duty(
        "A5-7.4.3",
        f"{ASVS}, 7.4.3 (L2)",
        figure="other sessions can be ended after a factor was changed",
        mend="offer it after issue, redeem and revoke",
    ),
    _duty(
        "WCAG-3.3.8",
        "WCAG 2.2, 3.3.8 (AA) and failure F109",
        figure="a code can be pasted, exactly as it was shown",
        mend="use one field, and do not ask for single symbols of a code",
    ),
)
_TELLING: Final = (
    _duty(
        "N4-SRC-NOTIFY",
        f"{NIST}, 4.2.1.1 and 4.2.3; {ASVS}, 6.3.7 (L3)",
        figure="the user is told of every issue, redemption and replacement",
        mend="send a message for these events",
    ),
    _duty(
        "N4-NOTIFY-ALL",
        f"{NIST}, 4.6",
        figure="two notification addresses at least, and all but the postal ones are used",
        mend="let users enter them",
    ),
    _duty(
        "N4-NOTIFY-REPUDIATE",
        f"{NIST}, 4.6",
        figure="the message says what to do, and whom to ask, if it was somebody else",
        mend="write it into the message",
    ),
    _duty(
        "A5-6.3.5",
        f"{ASVS}, 6.3.5 (L3)",
        figure="the user is told of suspicious attempts",
        mend="send a message when failures of an event passes a limit of yours",
    ),
    _duty(
        "PSD2-4.3",
        "Regulation (EU) 2018/389, article 4",
        figure="the payer is alerted before the block is made permanent",
        mend="send a message when the event of a failure tells the last but one",
        profiles=frozenset({Profile.PSD2}),
    ),
    _duty(
        "A5-6.1.1",
        f"{ASVS}, 6.1.1 (L1)",
        figure="it is documented how malicious lock-out is prevented",
        mend="copy RISK-DENIAL into your documentation",
    ),
)
_KEEPING: Final = (
    _duty(
        "A5-13.3.1",
        f"{ASVS}, 13.3.1 (L2) and 13.3.4 (L3)",
        figure="keys come from a vault, expire, and are rotated",
        mend="read the keyring from there, add new keys, and issue anew before old ones go",
    ),
    _duty(
        "A5-16.3.1",
        f"{ASVS}, 16.2.5 and 16.3.1 (L2)",
        figure="authentication is logged, and what is typed is not",
        mend="keep the events; keep request bodies out of logs and error reports",
    ),
    _duty(
        "GDPR-17",
        "Regulation (EU) 2016/679, articles 5 and 17",
        figure="personal data is erased when it is no longer needed",
        mend="call erase when an account ends",
    ),
    _duty(
        "N4-FIPS-MODULE",
        f"{NIST}, 2.1.2 and 2.2.2",
        figure="cryptography validated to FIPS 140, level 1",
        mend="run on a Python whose OpenSSL is a validated module",
        profiles=frozenset({Profile.FIPS}),
    ),
)

DUTIES: Final = (*_ISSUING, *_REDEEMING, *_TELLING, *_KEEPING)
