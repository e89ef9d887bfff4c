"""Foreign recipes: which parameters are possible, and which are affordable, to the last figure."""

import pytest

from recoverykit import Pbkdf2Hasher, PolicyError
from recoverykit.core.foreign_recipe import BcryptRecipe, Pbkdf2Recipe, ScryptRecipe
from recoverykit.core.masked import Masked


def bcrypt(cost):
    return BcryptRecipe(setting="$2b$04$" + "." * 22, cost=cost, is_prehashed=False)


def scrypt(**figures):
    return ScryptRecipe(**({"n": 1024, "r": 8, "p": 1, "salt": bytes(8), "size": 32} | figures))


def pbkdf2(*, size):
    cost = Pbkdf2Hasher(iterations=1000)
    return Pbkdf2Recipe(hash_name="sha256", cost=cost, salt=bytes(8), size=size)


def said(make, *arguments, **figures):
    """What is said of parameters that are refused."""
    with pytest.raises(PolicyError) as refusal:
        make(*arguments, **figures)
    return str(refusal.value)


def test_the_cost_of_bcrypt_is_4_to_31():
    """Both bounds are in."""
    assert [bcrypt(cost).cost for cost in (4, 31)] == [4, 31]
    for cost in (3, 32):
        assert said(bcrypt, cost) == (
            "bounds: cost must be 4 to 31; choose a figure within the bounds"
        )


@pytest.mark.parametrize(
    ("name", "least", "most", "below", "above"),
    [("n", 1024, 2**24, 512, 2**25), ("r", 1, 64, 0, 65), ("p", 1, 64, 0, 65)],
)
def test_the_figures_of_scrypt_have_bounds(name, least, most, below, above):
    """Both bounds are in; what is out is named."""
    assert [getattr(scrypt(**{name: each}), name) for each in (least, most)] == [least, most]
    for each in (below, above):
        assert said(scrypt, **{name: each}) == (
            f"bounds: {name} must be {least} to {most}; choose a figure within the bounds"
        )


@pytest.mark.parametrize("figures", [{"n": 1025}, {"n": 3072}, {"n": 2**16, "r": 1}])
def test_the_work_factor_of_scrypt_is_a_power_of_two_that_its_blocks_bear(figures):
    """RFC 7914, section 2: below 2^(16 r), which only a block size of 1 makes a bound."""
    assert said(scrypt, **figures) == (
        "bounds: n must be a power of two below 2^(16 r); choose a figure within the bounds"
    )
    assert scrypt(n=2**15, r=1).n == 2**15


def test_bcrypt_is_affordable_up_to_a_cost_of_14():
    """About a second."""
    assert [bcrypt(cost).is_affordable for cost in (14, 15)] == [True, False]


@pytest.mark.parametrize(
    ("figures", "is_affordable"),
    [
        ({"n": 2**18, "r": 8, "p": 4}, True),  # 256 MiB at a time, 1 GiB in all
        ({"n": 2**18, "r": 8, "p": 5}, False),
        ({"n": 2**17, "r": 17, "p": 1}, False),
        ({"n": 2**17, "r": 16, "p": 4}, True),
    ],
)
def test_scrypt_is_affordable_up_to_its_memory_and_that_of_all_passes(figures, is_affordable):
    """The bounds are in."""
    assert scrypt(**figures).is_affordable is is_affordable


@pytest.mark.parametrize("make", [pbkdf2, scrypt])
@pytest.mark.parametrize("size", [20, 32, 64])
def test_a_digest_is_as_long_as_the_lines(make, size):
    """Not as long as the hash would have it."""
    assert len(make(size=size).derive(Masked(b"code")).reveal()) == size


def test_scrypt_gets_the_memory_that_its_figures_ask_for():
    """OpenSSL refuses more than 32 MiB unless it is told."""
    assert len(scrypt(n=2**15).derive(Masked(b"code")).reveal()) == 32
