"""The first factor: a name and a password, or the password alone once more."""

from examples.fastapi_host.browser import Browser
from examples.host import texts, users
from examples.host.texts import Problem
from examples.host.users import User


async def shown_by(browser: Browser, name: str, *, place: str) -> User | Problem:
    """Return whose password the form holds. The problem does not tell whether there is a user.

    Args:
        browser: who has sent it.
        name: the folded name.
        place: where wrong ones are counted, as `PasswordBrake` says.
    """
    host = browser.host
    if not host.brake.admits(name, place=place):
        return texts.TOO_MANY_PASSWORDS
    user = await host.read(users.find, name)
    # In this order: the password is hashed where there is no such user, too.
    is_right = await host.passwords.is_password_of(user, browser.form.get("password", ""))
    if not is_right or user is None:
        return texts.WRONG_PASSWORD
    host.brake.release(name, place=place)
    return user
