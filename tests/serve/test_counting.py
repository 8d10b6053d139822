import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionscout.serve.screen.counting import Chain, TooLarge


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_way_is_found_once_and_in_order(charges):
    chain = Chain([len(c) for c in charges], 0, lambda layer, q, option: q + charges[layer][option], lambda q: q == 0)
    wanted = [
        way
        for way in itertools.product(*(range(len(c)) for c in charges))
        if sum(c[o] for c, o in zip(charges, way, strict=True)) == 0
    ]
    assert chain.size == len(wanted)
    assert [tuple(way) for way in chain.ways(np.arange(chain.size))] == wanted


def test_any_stretch_is_part_of_the_whole():
    def step(layer, divisor, digit):
        return math.gcd(divisor, digit)

    chain = Chain([9] * 4, 0, step, lambda divisor: divisor == 1)
    whole = chain.ways(np.arange(chain.size))
    for start, stop in [(0, 1), (17, 30), (chain.size - 5, chain.size + 10), (100, 100)]:
        np.testing.assert_array_equal(chain.ways(np.arange(start, min(stop, chain.size))), whole[start:stop])


def test_options_that_may_not_be_taken_are_left_out():
    rising = Chain([5, 5], -1, lambda layer, last, option: option if option > last else None, lambda _: True)
    assert [tuple(w) for w in rising.ways(np.arange(rising.size))] == list(itertools.combinations(range(5), 2))


def test_a_chain_without_a_way_is_empty():
    chain = Chain([3, 3], 0, lambda layer, q, option: q + 1 + option, lambda q: q == 0)
    assert chain.size == 0
    assert chain.ways(np.arange(0)).shape == (0, 2)


def test_counts_beyond_64_bits_are_exact_but_not_numbered():
    chain = Chain([1000] * 10, 0, lambda layer, state, option: 0, lambda _: True)
    assert chain.size == 10**30
    with pytest.raises(TooLarge, match="cannot be numbered"):
        chain.ways(np.arange(1))


def test_too_many_states_are_refused():
    with pytest.raises(TooLarge, match="steps to count"):
        Chain([2000] * 4, 0, lambda layer, number, option: 2000 * number + option, lambda _: True)
