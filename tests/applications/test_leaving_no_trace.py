"""What is left behind: no code and no password in the database, the log or an address."""

import sqlalchemy as sa

from recoverykit import CodeFormat
from tests.applications.visitor import Visitor


def everything_stored(program):
    """Return all that the database holds, as one text."""
    metadata = sa.MetaData()
    metadata.reflect(program.engine)
    with program.engine.connect() as connection:
        rows = [
            row for table in metadata.sorted_tables for row in connection.execute(sa.select(table))
        ]
    stored = repr(rows)
    for path in program.folder.glob("host.db*"):
        stored += path.read_bytes().decode("latin-1")
    return stored


def test_no_secret_is_left_behind(visitor, enrolled, program):
    """After a whole life of some codes only their owner has them."""
    codes = enrolled.codes[:]
    visitor.show_password(enrolled)
    secrets = {enrolled.password, visitor.cookie("login")}
    visitor.send("/login/code", code=codes[0][:-1])
    visitor.send("/login/code", code=codes[0])
    secrets.add(visitor.cookie("session"))
    visitor.unlock(enrolled)
    codes += visitor.send("/codes/replace").codes
    visitor.send("/codes/confirm", code=codes[-1])
    other = Visitor(program)
    other.show_password(enrolled)
    other.send("/login/code", code=codes[1])
    secrets |= {form for code in codes for form in forms_of(code)}

    stored, said = everything_stored(program), program.said()
    assert enrolled.id in stored
    assert f"codes of {enrolled.id}: redeemed" in said
    assert "POST /login/code 303" in said
    assert not [secret for secret in secrets if secret in stored]
    assert not [secret for secret in secrets if secret in said]
    assert not CodeFormat.default().matches(visitor.page.path)


def forms_of(code):
    """Return a code as it is shown, without its hyphens, and the part that is secret."""
    bare = code.replace("-", "")
    return code, bare, bare.lower(), bare[1:-1]
