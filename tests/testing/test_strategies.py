"""The strategies draw what they say, all of it, and what they promise of it is true."""

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from recoverykit import (
    Alphabet,
    CodeFormat,
    CustomAlphabet,
    MalformedCode,
    Policy,
    SetState,
    Subject,
    WordList,
)
from recoverykit.testing import CommitFault, LoadFault, strategies
from recoverykit.testing.hostile import HOSTILE_TEXTS
from recoverykit.testing.strategies import MistakeKind

QUICK = settings(max_examples=1_000, deadline=None, derandomize=True, database=None)
# Whatever shows it will do: it need not be the shortest.
FIND = settings(QUICK, max_examples=2_000, phases=[Phase.generate])
SHORT = strategies.formats(longest=8)


@given(st.data())
def test_a_code_is_one_of_its_format(data):
    """As it is shown: parsed and shown again it is the same."""
    code_format = data.draw(SHORT)
    code = data.draw(strategies.codes(code_format))

    assert code_format.display(code_format.parse(code).canonical) == code


@given(strategies.codes(CodeFormat.alphanumeric(2, check=True)))
@settings(max_examples=500)
def test_a_code_of_36_symbols_has_its_check_symbol(code):
    """One secret in 37 has none, and is not drawn."""
    assert CodeFormat.alphanumeric(2, check=True).matches(code)


@given(st.data())
def test_a_typing_error_is_caught_where_it_is_promised(data):
    """And nowhere else: what is not caught is another code."""
    code_format = data.draw(SHORT)
    mistake = data.draw(strategies.mistakes(code_format))

    assert code_format.matches(mistake.code)
    assert code_format.matches(mistake.typed) is not mistake.is_caught
    if mistake.is_caught:
        with pytest.raises(MalformedCode):
            code_format.parse(mistake.typed)
    else:
        assert code_format.parse(mistake.typed) != code_format.parse(mistake.code)


@given(st.data())
def test_a_spelling_is_read_as_the_code(data):
    """Whatever case, separators, look-alikes and list marks it has."""
    code_format = data.draw(SHORT)
    code = data.draw(strategies.codes(code_format))
    text = data.draw(strategies.spellings(code_format, code))

    assert code_format.parse(text) == code_format.parse(code)


@given(strategies.formats())
@settings(max_examples=settings.default.max_examples // 4)
def test_the_longest_formats_are_drawn_too(code_format):
    """Every format that is drawn can be made: its bounds hold."""
    assert 1 <= code_format.length <= 128


@pytest.mark.parametrize("kind", MistakeKind)
def test_every_kind_of_mistake_is_drawn(kind):
    """And the one that is caught, and the one that is not, where there are both."""
    mistakes = SHORT.flatmap(strategies.mistakes)
    caught = {True} if kind in ALWAYS_CAUGHT else {True, False}

    for is_caught in caught:
        find(
            mistakes,
            lambda each, told=is_caught: each.kind is kind and each.is_caught is told,
            settings=FIND,
        )


ALWAYS_CAUGHT = {
    MistakeKind.MISSING,
    MistakeKind.EXTRA,
    MistakeKind.FOREIGN,
    MistakeKind.LIST_MARK,
}


@pytest.mark.parametrize("kind", [Alphabet, CustomAlphabet, WordList])
def test_every_kind_of_alphabet_is_drawn(kind):
    """With a check symbol and without."""
    for check in (True, False):
        find(
            SHORT,
            lambda each, told=check: isinstance(each.alphabet, kind) and each.check is told,
            settings=FIND,
        )


def test_the_simplest_comes_first():
    """What fails shrinks to what a person would have written down."""
    shortest = find(strategies.formats(), lambda _: True, settings=QUICK)

    assert (shortest.alphabet, shortest.length, shortest.total) == (Alphabet.DIGITS, 1, 1)
    assert find(strategies.codes(shortest), lambda _: True, settings=QUICK) == "0"
    assert find(strategies.mistakes(shortest), lambda _: True, settings=QUICK).typed == ""
    assert find(strategies.spellings(shortest, "0"), lambda _: True, settings=QUICK) == "0"
    assert find(strategies.subjects(), lambda _: True, settings=QUICK) == Subject("alice")


@given(strategies.subjects())
def test_any_subject_can_be_used(subject):
    """Within its bounds, which are reached."""
    assert all(len(part) <= 255 for part in subject.parts)
    assert subject.id


@pytest.mark.parametrize("text", HOSTILE_TEXTS[::9], ids=ascii)
def test_what_a_storage_is_tried_with_is_drawn(text):
    """There is one list of hostile texts, for the check of storages and for tests of hosts."""
    assert find(strategies.hostile_subjects(), lambda each: each.id == text, settings=FIND)


def test_subjects_collide():
    """Two draws are alike often enough, and nearly alike more often."""
    pairs = st.tuples(strategies.hostile_subjects(), strategies.hostile_subjects())

    def is_near(pair):
        first, second = pair
        return first != second and first.id.strip().lower() == second.id.strip().lower()

    find(pairs, is_near, settings=FIND)
    find(
        pairs,
        lambda pair: pair[0].id != pair[1].id and pair[0].tenant == pair[1].tenant,
        settings=FIND,
    )
    find(strategies.subjects(), lambda each: len(each.parts[0]) == 255, settings=FIND)


@given(strategies.policies(), st.booleans())
def test_a_sound_policy_is_taken(policy, peppered):
    """By any kit, and it accepts nothing for it."""
    policy.require_sound(peppered=peppered)
    assert policy.accept == frozenset()


@given(strategies.policies(weakened=True), st.booleans())
def test_a_weakened_policy_says_what_it_breaks(policy, peppered):
    """So it is taken as well."""
    policy.require_sound(peppered=peppered)


def test_policies_are_weakened():
    """No throttle, short codes, cheap hashes: each is drawn, and each accepted by its id."""
    weak = strategies.policies(weakened=True)

    for rule in ("N4-LS-RATE", "N4-SRC-64", "A5-C-KDF", "N4-THR-100"):
        find(weak, lambda each, rule=rule: rule in each.accept, settings=FIND)


@given(strategies.throttles())
def test_any_throttle_is_drawn(throttle):
    """Within its bounds."""
    assert 1 <= throttle.free <= throttle.disable_after <= 1_000_000


@pytest.mark.parametrize("state", SetState)
def test_a_set_is_in_the_state_that_it_says(state):
    """And has been brought there by the verbs: what was spent is spent, what is left is good."""

    @given(strategies.code_sets(states=st.just(state)))
    @settings(max_examples=10, deadline=None)
    def check(drawn):
        status = drawn.kit.status(drawn.subject)
        assert status.state is drawn.state is state
        assert {each.ordinal for each in status.codes if each.used_at} == {*drawn.spent}
        assert len(drawn.codes) == status.total
        if state is SetState.ACTIVE:
            left = next(at for at in range(status.total) if at not in drawn.spent)
            assert drawn.kit.redeem(drawn.subject, drawn.codes[left]).ordinal == left

    check()


@given(
    strategies.code_sets(
        policy=Policy(
            count=1,
            throttle=None,
            accept=frozenset({"N4-LS-RATE", "N4-SRC-THROTTLE", "N4-THR-100"}),
        )
    )
)
@settings(max_examples=20, deadline=None)
def test_nothing_is_disabled_without_a_throttle(drawn):
    """And a set of one code is never half spent."""
    assert drawn.state is not SetState.DISABLED
    assert drawn.kit.status(drawn.subject).state is drawn.state


def test_every_fault_is_planned():
    """For loads and for commits, and never more than was asked for."""
    plans = strategies.fault_plans(longest=2)

    for fault in LoadFault:
        find(plans, lambda plan, fault=fault: fault in plan.loads, settings=FIND)
    for fault in CommitFault:
        find(plans, lambda plan, fault=fault: fault in plan.commits, settings=FIND)
    assert find(plans, lambda _: True, settings=QUICK).loads == ()
