"""The risks that every policy has, computed: not rules, but what to weigh them by."""

from typing import Final

from recoverykit.core import amounts, attack
from recoverykit.core.standards.rule import ASVS, Audited, Rule
from recoverykit.errors import Severity


def _online(audited: Audited) -> str:
    targets = audited.targets
    against = "1 code" if targets == 1 else f"{targets} codes at a time"
    return (
        f"{amounts.chance(audited.yearly_chance)}, by {audited.yearly_guesses:,} guesses "
        f"against {against}"
    )


def _denial(audited: Audited) -> str:
    throttle = audited.policy.throttle
    if throttle is None:
        return "not at all: nothing is delayed"
    kept_out = attack.denial(throttle)
    delayed = (
        f"up to {amounts.span(kept_out.longest_delay)} by each wrong guess, "
        f"{amounts.span(kept_out.until_disabled)} in all, and "
        if kept_out.longest_delay
        else ""
    )
    return f"{delayed}for good after {kept_out.guesses:,} wrong guesses, until a new set is issued"


def _offline(audited: Audited) -> str:
    cost = audited.offline_cost
    stolen = "the database and the keyring" if audited.peppered else "the database"
    return (
        f"{amounts.money(cost.dollars)} and {amounts.span(cost.seconds)} for whoever has "
        f"{stolen}, by {cost.guesses:.1e} hashes"
    )


def _offline_pepper(audited: Audited) -> str:
    if audited.peppered:
        return "nothing to guess for whoever has the database alone"
    return "no keyring: the database alone is enough to guess"


RISKS: Final = (
    Rule(
        id="RISK-ONLINE",
        severity=Severity.INFO,
        figure="the chance in a year of somebody who never stops guessing, for each scope",
        mend="to lower it, make the codes longer or lower Throttle.disable_after",
        check=_online,
        assumed=attack.ONLINE_ASSUMED,
    ),
    Rule(
        id="RISK-DENIAL",
        source=f"{ASVS}, 6.1.1 (L1)",
        severity=Severity.INFO,
        figure="how long somebody who may call redeem denies it to the user",
        mend="put redeem behind the first factor, and let the other factors go on",
        check=_denial,
        assumed="a wrong guess at each moment at which one is judged",
    ),
    Rule(
        id="RISK-OFFLINE",
        severity=Severity.INFO,
        figure="what the first code of one subject costs",
        mend="to raise it, make the codes longer or the hasher slower",
        check=_offline,
        assumed=attack.OFFLINE_ASSUMED,
    ),
    Rule(
        id="RISK-OFFLINE-PEPPER",
        severity=Severity.INFO,
        figure="what the keyring adds to that",
        mend="keep the keys where no copy of the database is",
        check=_offline_pepper,
        assumed="a key of at least 128 random bits that was not stolen",
    ),
)
