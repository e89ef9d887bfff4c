"""What a login with recovery codes promises, as numbered data: the check and the docs cite it."""

from dataclasses import dataclass
from typing import Final

from recoverykit.testing.hosts.forms import FORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One promise.

    Attributes:
        id: its number; failures and opt-outs name it.
        sentence: what is promised.
        needs: what a `Host` must have besides for it to be checked.
    """

    id: str
    sentence: str
    needs: tuple[str, ...] = ()


PROMISES: Final = (
    Promise(id="H1", sentence="A right code lets its user in."),
    Promise(
        id="H2",
        sentence="One code has one success: sent again, in whatever form, it is refused.",
    ),
    Promise(
        id="H3",
        sentence="One code has one success: of all who send it at the same moment, one is let in.",
    ),
    Promise(
        id="H4",
        sentence="Codes that are spent at the same moment are all spent: none becomes good again.",
    ),
    Promise(
        id="H5",
        sentence="Once new codes are issued, no older code lets anybody in.",
        needs=("regenerate",),
    ),
    Promise(
        id="H6",
        sentence=(
            "Where new codes are issued at the moment when others are sent or issued,"
            " one set counts after it, and a new one."
        ),
        needs=("regenerate",),
    ),
    Promise(
        id="H7", sentence="Once codes are revoked, none of them lets anybody in.", needs=("revoke",)
    ),
    Promise(
        id="H8",
        sentence="Where codes are revoked at the moment when they are sent, none counts after it.",
        needs=("revoke",),
    ),
    Promise(id="H9", sentence="A code lets nobody in but its user."),
    Promise(id="H10", sentence="What is no code lets nobody in."),
    Promise(
        id="H11",
        sentence="Whatever is typed is judged: nothing is raised but what the host declares.",
    ),
    Promise(id="H12", sentence="A user who does not exist is refused.", needs=("stranger",)),
    Promise(
        id="H13",
        sentence=(
            "A user who does not exist, and one who has no codes, is told the same"
            " as one whose code is wrong."
        ),
        needs=("stranger", "told"),
    ),
    Promise(
        id="H14",
        sentence="Guesses are limited: after too many wrong ones a right code is refused.",
        needs=("most_guesses",),
    ),
    Promise(
        id="H15",
        sentence="No code can be read from what is stored, nor guessed from an unsalted fast hash.",
        needs=("dump",),
    ),
    Promise(id="H16", sentence="What is told to remain does remain.", needs=("remaining",)),
    Promise(
        id="H17",
        sentence="The codes of a set differ from each other, and from those of other sets.",
    ),
    Promise(id="H18", sentence="A set has as many codes as was said.", needs=("set_size",)),
    *(Promise(id=form.id, sentence=form.sentence) for form in FORMS),
)
"""All promises, in the order of their numbers."""
