"""Both kits offer the same: names, signatures and docstrings, and no more than awaiting between."""

import inspect

import pytest

from recoverykit import AsyncRecoveryKit, RecoveryKit
from recoverykit.storage import (
    AsyncEnumerableStorage,
    AsyncStorage,
    AsyncTransactionalStorage,
    EnumerableStorage,
    Storage,
    TransactionalStorage,
)
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage

KITS = (RecoveryKit, AsyncRecoveryKit)
PAIRS = [
    KITS,
    (Storage, AsyncStorage),
    (TransactionalStorage, AsyncTransactionalStorage),
    (EnumerableStorage, AsyncEnumerableStorage),
    (MemoryStorage, AsyncMemoryStorage),
    (SQLStorage, AsyncSQLStorage),
]
# What only one side has, and what needs no waiting.
ONE_SIDED = {"stands", "__enter__", "__exit__", "__aenter__", "__aexit__"}
AT_ONCE = {"recognises", "events"}


def methods_of(kind):
    return {
        name: each
        for name, each in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


def named_alike(pair):
    sync, aio = map(methods_of, pair)
    assert set(sync) - ONE_SIDED == set(aio) - ONE_SIDED
    return [(name, sync[name], aio[name]) for name in sync if name not in ONE_SIDED]


def shape_of(function):
    """What a caller writes: names, kinds and defaults of the arguments."""
    return [
        (each.name, each.kind, each.default)
        for each in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
def test_the_same_methods_take_the_same_arguments(pair):
    """Whoever knows the one knows the other."""
    for name, sync, aio in named_alike(pair):
        assert shape_of(sync) == shape_of(aio), name


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
def test_all_that_may_wait_is_awaited(pair):
    """The one side never is, the other always, but for what asks nothing of anybody."""
    for name, sync, aio in named_alike(pair):
        assert not inspect.iscoroutinefunction(sync), name
        assert inspect.iscoroutinefunction(aio) is (name not in {*AT_ONCE, "__init__"}), name


def test_both_kits_return_the_same_types():
    """In the annotations, too: a coroutine function's is what is returned once it was awaited."""
    for name, sync, aio in named_alike(KITS):
        if name != "__init__":  # they take other storages
            assert inspect.signature(sync) == inspect.signature(aio), name


def test_both_kits_are_documented_alike():
    """Word for word, so that neither tells less than the other."""
    for name, sync, aio in named_alike(KITS):
        assert inspect.getdoc(sync) == inspect.getdoc(aio), name
