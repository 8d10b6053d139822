"""Batches of compositions: every input there is, bad rows in their place, and cutting and joining."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition, Lattice, Structure
from scipy.sparse import coo_array, csr_array

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX, N_ELEMENTS

FORMULAS = ["Na3PS4", "Na3P(S4", "NaCl", "Na3Zr2Si2PO12", "KCl"]
HALITE = Structure(Lattice.cubic(5.6), ["Na", {"Cl": 0.5, "Br": 0.5}], [[0, 0, 0], [0.5, 0.5, 0.5]])


def row(**amounts: float) -> np.ndarray:
    dense = np.zeros(N_ELEMENTS)
    for symbol, amount in amounts.items():
        dense[INDEX[symbol]] = amount
    return dense


@pytest.mark.parametrize(
    "given_as",
    [
        "NaCl",
        ["NaCl"],
        ("NaCl",),
        iter(["NaCl"]),
        np.array(["NaCl"]),
        np.array([["NaCl"]], dtype=object),
        pd.Series(["NaCl"], index=[7]),
        pd.Series(["NaCl"], dtype="string"),
        pd.DataFrame({"formula": ["NaCl"], "temperature_C": [25.0]}),
        pd.DataFrame({"composition": ["NaCl"]}),
        Composition("NaCl"),
        [Composition("NaCl")],
        [Composition({"Na+": 1, "Cl-": 1})],
        row(Na=1, Cl=1)[None, :],
        csr_array(row(Na=1, Cl=1)[None, :]),
        coo_array(row(Na=1, Cl=1)[None, :]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_way_of_giving_compositions(given_as):
    batch = CompositionBatch.coerce(given_as)
    np.testing.assert_array_equal(batch.amounts.toarray(), [row(Na=1, Cl=1)])
    assert batch.formulas.tolist() == ["NaCl"]
    assert CompositionBatch.coerce(batch) is batch


def test_disordered_structures_give_their_composition():
    np.testing.assert_allclose(CompositionBatch.coerce(HALITE).amounts.toarray(), [row(Na=1, Cl=0.5, Br=0.5)])


def test_kinds_may_be_mixed_row_by_row():
    no_element = Composition({"X": 1, "O": 1})
    batch = CompositionBatch.coerce(["NaCl", Composition("KCl"), None, HALITE, "Na3P(S4", no_element])
    assert batch.is_readable.tolist() == [True, True, False, True, False, False]
    assert batch.formulas.tolist()[:2] == ["NaCl", "KCl"]
    assert batch.errors[5] == "composition names 'X', which is no element"


@pytest.mark.parametrize(
    ("not_compositions", "reason"),
    [
        (5, "cannot read compositions from int"),
        ({"Na": 1}, "cannot read compositions from dict"),
        (pd.DataFrame({"a": ["NaCl"], "b": [1]}), "expected a column 'formula'"),
        (np.zeros((2, 5)), r"expected amounts of shape \(n, 118\)"),
        (np.zeros((2, 2, 2)), "expected one composition a row"),
    ],
)
def test_what_holds_no_compositions_is_refused(not_compositions, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        CompositionBatch.coerce(not_compositions)


def test_bad_rows_keep_their_place():
    batch = CompositionBatch.coerce(FORMULAS)
    assert batch.is_readable.tolist() == [True, False, True, True, True]
    assert batch.formulas.tolist() == FORMULAS
    np.testing.assert_allclose(batch.fractions.sum(axis=1), [1, 0, 1, 1, 1])


def test_all_or_nothing_names_the_row():
    with pytest.raises(ValueError, match=r"row 1: formula 'Na3P\(S4' has an unclosed bracket"):
        CompositionBatch.coerce(FORMULAS).raise_errors()
    CompositionBatch.coerce(["NaCl"]).raise_errors()


@pytest.mark.parametrize(("amount", "shown"), [(-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf"), (1e305, "1e+305")])
def test_impossible_amounts_in_a_matrix_cost_only_their_row(amount, shown):
    batch = CompositionBatch.from_matrix(np.array([row(Na=1, Cl=1), row(Na=amount, Cl=1), row(K=1)]))
    assert batch.is_readable.tolist() == [True, False, True]
    assert batch.errors[1] is not None
    assert batch.errors[1].startswith(f"amount of Na is {shown}")


def test_a_row_of_zeros_is_no_composition():
    assert CompositionBatch.from_matrix(np.zeros((1, N_ELEMENTS))).errors[0] == "composition has no elements"


def test_the_given_matrix_is_left_alone():
    amounts = csr_array((np.array([1.0, -1.0, 0.0]), (np.array([0, 1, 1]), np.array([10, 10, 16]))), shape=(2, 118))
    before = amounts.toarray()
    CompositionBatch.from_matrix(amounts)
    np.testing.assert_array_equal(amounts.toarray(), before)


def test_no_compositions_at_all():
    batch = CompositionBatch.coerce([])
    assert len(batch) == 0
    assert batch.fractions.shape == (0, N_ELEMENTS)
    assert len(CompositionBatch.concat([])) == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (2, ["NaCl"]),
        (-1, ["KCl"]),
        (slice(1, 3), ["Na3P(S4", "NaCl"]),
        (np.array([True, False, False, False, True]), ["Na3PS4", "KCl"]),
        ([4, 0, 4], ["KCl", "Na3PS4", "KCl"]),
        (np.array([], dtype=int), []),
    ],
)
def test_rows_are_taken_with_their_errors(rows, expected):
    taken = CompositionBatch.coerce(FORMULAS)[rows]
    assert taken.formulas.tolist() == expected
    assert taken.is_readable.tolist() == [formula != "Na3P(S4" for formula in expected]


def test_rows_that_are_not_there_are_refused():
    batch = CompositionBatch.coerce(FORMULAS)
    with pytest.raises(IndexError, match="row 5 of a batch of 5"):
        batch[5]
    with pytest.raises(IndexError, match="mask"):
        batch[np.array([True])]


@given(st.integers(1, 7))
def test_chunks_put_together_are_the_batch(size):
    batch = CompositionBatch.coerce(FORMULAS)
    again = CompositionBatch.concat(batch.chunks(size))
    np.testing.assert_array_equal(again.amounts.toarray(), batch.amounts.toarray())
    assert again.formulas.tolist() == batch.formulas.tolist()
    assert again.errors.tolist() == batch.errors.tolist()


def test_amounts_of_pymatgen_compositions_arrive_unchanged():
    compositions = [Composition(f"Na{1 + x / 7}Cl{x + 1}") for x in range(50)]
    batch = CompositionBatch.from_compositions(compositions)
    assert [batch.amounts[[i], :].data.tolist() for i in range(50)] == [list(c.values()) for c in compositions]


def test_batches_travel_between_processes():
    batch = CompositionBatch.coerce(FORMULAS)
    again = pickle.loads(pickle.dumps(batch))
    np.testing.assert_array_equal(again.amounts.toarray(), batch.amounts.toarray())
    assert again.errors.tolist() == batch.errors.tolist()
