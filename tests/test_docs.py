"""The documentation: every block runs, every name exists, every public name is told."""

import builtins
import doctest
import enum
import inspect
import keyword
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

from examples.published_apis import starting
from examples.published_apis.application import Application
from recoverykit.storage.sql import SQLStorage

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference.md"

PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)]
)
PUBLIC_MODULES = [
    import_module(name)
    for name in (
        "recoverykit",
        "recoverykit.observer",
        "recoverykit.sheet",
        "recoverykit.storage",
        "recoverykit.storage.memory",
        "recoverykit.storage.sql",
        "recoverykit.telemetry",
        "recoverykit.testing",
    )
]

EXTRAS = frozenset(metadata("recoverykit").get_all("Provides-Extra") or ())
# What else stands in code font, and is neither ours nor a file of the repository.
FOREIGN = frozenset(
    {
        "AsyncSession",
        "CI=true",
        "Cache-Control",
        "WORKERS=1",
        "dispose(close=False)",
        "flock",
        "function(connection)",
        "hashlib",
        "make",
    }
    # settings and packages of databases, and a file that is made
    | {"fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names"}
    | {"remote_apply", "wsrep_sync_wait", "iproute2", "lsof", "faults.json"}
    | {"codes", "documents", "lines", "lives"}  # targets of the fuzzer
    | {"r"}  # clause S4 calls a revision so
    # errors of OAuth
    | {"invalid_grant", "mfa_required", "too_many_attempts"}
)

FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
CALL = re.compile(r"([A-Za-z_][\w.]*)(\(.*\))?")
ARGUMENT = re.compile(r"(\w+)=\S+")
AUTODOC = re.compile(r"^\.\. auto\w+:: ([\w.]+)", re.MULTILINE)

# What telemetry calls things, and their units; test_telemetry.py compares it with what is told.
TELEMETRY = frozenset(
    re.findall(r"^\| `([a-z_.]+)`", (DOCS / "telemetry.md").read_text("utf-8"), re.MULTILINE)
) | {"{call}", "{commit}", "{hash}"}


def document_of(api: str) -> object:
    """Return the OpenAPI document of a published API."""
    module = import_module(f"examples.published_apis.{api}")
    settings = starting.settings_from(starting.parser_for(api).parse_args([]))
    return Application(api=module.API, settings=settings, base_url="").documented().openapi()


def words_of(document: object) -> Iterator[str]:
    """Return every key and every text of a JSON document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        yield from document
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from words_of(each)


# What the published APIs call things on the wire.
PUBLISHED = frozenset(
    word
    for api in ("fortanix_dsm", "auth0_mfa", "arklow", "circularo")
    for word in words_of(document_of(api))
)

SYBIL = Sybil([PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each fenced block."""
    return [
        (language.strip(), text) for _, language, text in FENCE.findall(page.read_text("utf-8"))
    ]


def public_names() -> dict[str, object]:
    """Return everything public by its own name."""
    return {
        name: getattr(module, name)
        for module in PUBLIC_MODULES
        for name in getattr(module, "__all__", dir(module))
        if hasattr(module, "__all__") or is_defined_in(module, name, getattr(module, name))
    }


def is_defined_in(module: object, name: str, value: object) -> bool:
    return not name.startswith("_") and getattr(value, "__module__", "") == module.__name__


def members() -> Iterator[str]:
    """Name every attribute, enum value, function and argument of what is public."""
    for name, value in public_names().items():
        yield name
        functions = [value]
        if inspect.isclass(value):
            yield from dir(value)
            yield from value.__annotations__ if hasattr(value, "__annotations__") else ()
            own = (each for kind in value.__mro__ for each in vars(kind).values())
            functions = [getattr(each, "__func__", each) for each in own]
        if isinstance(value, enum.EnumType):
            yield from (member.value for member in value)
        for function in filter(inspect.isfunction, functions):
            yield from inspect.signature(function).parameters


PUBLIC = public_names()
MEMBERS = frozenset(members())


def exists(span: str) -> bool:
    """Whether a piece of code in the text names only what there is; no code is not judged."""
    if span in FOREIGN | EXTRAS | TELEMETRY | PUBLISHED or (ROOT / span).exists():
        return True
    if not (found := CALL.fullmatch(span)):
        argument = ARGUMENT.fullmatch(span)
        return argument is None or argument[1] in MEMBERS
    head, *tail = found[1].split(".")
    if head == "recoverykit":
        return is_importable(found[1])
    if head == "kit":
        head = "RecoveryKit"
    if head in PUBLIC:
        return has_path(PUBLIC[head], tail)
    if tail:
        return import_module_or_none(head) is not None
    return head in MEMBERS or keyword.iskeyword(head) or hasattr(builtins, head)


def has_path(value: object, path: list[str]) -> bool:
    for name in path:
        is_field = inspect.isclass(value) and name in getattr(value, "__annotations__", {})
        if not is_field and not hasattr(value, name):
            return False
        value = getattr(value, name, None)
    return True


def is_importable(dotted: str) -> bool:
    try:
        value = pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return value in PUBLIC_MODULES or dotted.rpartition(".")[2] in PUBLIC


def import_module_or_none(name: str) -> object:
    try:
        return import_module(name)
    except ImportError:
        return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_python_runs(page, tmp_path, monkeypatch):
    """A page's blocks run one after the other, as its reader would type them."""
    monkeypatch.chdir(tmp_path)
    document = SYBIL.parse(page)
    document.namespace["__name__"] = "__main__"
    try:
        for example in document.examples():
            example.evaluate()
    finally:
        for value in list(document.namespace.values()):
            if isinstance(value, SQLStorage):
                value.close()
            elif isinstance(value, Engine):
                value.dispose()


def test_blocks_are_found():
    """What is to be run is found: a parser that sees nothing would let everything pass."""
    found = {name_of(page): len(list(SYBIL.parse(page).examples())) for page in PAGES}

    assert found["README.md"] == 1
    assert found["docs/tutorial.md"] > 30
    assert all(found[name_of(page)] for page in DOCS.glob("how-to/[!i]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_escapes(page):
    """A block is Python and runs, commands of the Makefile, or the quickstart's output."""
    languages = {language for language, _ in blocks_of(page) if not language.startswith("{")}

    assert languages <= {"python", "console", "text"}
    assert "text" not in languages or page.name == "README.md"  # see test_examples.py


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_are_targets_of_the_makefile(page):
    """What the reader is told to make can be made."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    commands = [
        line
        for language, text in blocks_of(page)
        if language == "console"
        for line in text.splitlines()
    ]
    commands += [span for span in SPAN.findall(page.read_text("utf-8")) if span.startswith("make ")]

    assert {command.removeprefix("make ").partition(" ")[0] for command in commands} <= targets


def test_the_reference_has_every_public_name():
    """What can be imported is documented, and what is documented can be imported."""
    documented = AUTODOC.findall(REFERENCE.read_text("utf-8"))

    assert set(PUBLIC) <= {name.rpartition(".")[2] for name in documented}
    assert [name for name in documented if pkgutil.resolve_name(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_name_exists(page):
    """No page speaks of what is not there."""
    prose = FENCE.sub("", page.read_text("utf-8"))

    assert [span for span in SPAN.findall(prose) if not exists(span)] == []


@pytest.mark.parametrize("span", ["Policy.nothing", "kit.nothing()", "recoverykit.x", "Nothing"])
def test_a_name_that_does_not_exist_is_found(span):
    """The test above can fail."""
    assert not exists(span)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Links between pages and to files of the repository have a target, on both sides of #."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors_of(linked), target


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
