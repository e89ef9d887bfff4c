"""Ten recovery codes of one user: issued, kept, spent, guarded. Run it as often as you like."""

from recoverykit import Issued, RecoveryKit, RedemptionRefused
from recoverykit.storage.sql import SQLStorage


def main(kit: RecoveryKit) -> None:
    """Tell the story of Ada, who lost her phone, and of Bob, who would like to be Ada."""
    for user in ("ada", "bob"):
        kit.erase(user)  # an earlier run may have left codes behind

    ada = kit.issue("ada")
    print_sheet(ada)

    print("\nAda lost her phone, so she types her code 3.")
    print(f"  {outcome_of(kit, ada.codes[2])}")
    print("She types the same code again.")
    print(f"  {outcome_of(kit, ada.codes[2])}")

    print(f"Failures so far: {kit.status('ada').failures}. Now she gets code 4 wrong by a symbol.")
    print(f"  {outcome_of(kit, mistyped(ada.codes[3]))}")
    print(f"Failures so far: {kit.status('ada').failures}. A typing error costs nothing.")

    print("Bob knows Ada's password, and tries codes of his own on her account.")
    for code in kit.issue("bob").codes[3:8]:
        print(f"  {outcome_of(kit, code)}")

    status = kit.status("ada")
    print("\nWhat became of Ada's codes:")
    print(f"  state     {status.state.value}")
    print(f"  left      {status.remaining} of {status.total}")
    print(f"  failures  {status.failures} in a row")
    print(f"  next try  {status.retry_at:%H:%M:%S} UTC")


def print_sheet(issued: Issued) -> None:
    """Show the codes, this once: nothing that is stored can show them again."""
    print("Ada's recovery codes: keep them safe, each works once.\n")
    for number, code in enumerate(issued.codes, start=1):
        print(f"  {number:2}. {code}")


def outcome_of(kit: RecoveryKit, code: str) -> str:
    """Try a code on Ada's account; in an application her password comes first."""
    try:
        return f"Welcome back! {kit.redeem('ada', code).remaining} codes are left."
    except RedemptionRefused as refused:
        return f"{type(refused).__name__}: {refused.public_message}"


def mistyped(code: str) -> str:
    """Get the last symbol wrong."""
    return code[:-1] + ("7" if code[-1] != "7" else "8")


if __name__ == "__main__":
    with SQLStorage("sqlite:///quickstart.db") as storage:
        storage.create_tables()
        main(RecoveryKit(storage))
