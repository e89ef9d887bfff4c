"""The first factor: a name and a password, or the password alone once more."""

from flask import request

from examples.flask_host import host
from examples.host import texts, users
from examples.host.texts import Problem
from examples.host.users import User


def shown_by(name: str, *, place: str) -> User | Problem:
    """Return whose password the form holds. The problem does not tell whether there is a user.

    Args:
        name: the folded name.
        place: where wrong ones are counted, as `PasswordBrake` says.
    """
    brake = host.current().brake
    if not brake.admits(name, place=place):
        return texts.TOO_MANY_PASSWORDS
    with host.current().engine.connect() as connection:
        user = users.find(connection, name)
    # In this order: the password is hashed where there is no such user, too.
    if not users.is_password_of(user, request.form.get("password", "")) or user is None:
        return texts.WRONG_PASSWORD
    brake.release(name, place=place)
    return user
