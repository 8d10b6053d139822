"""Formulas as researchers type them: what is read, what is refused and where, and agreement with pymatgen."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymatgen.core import Composition
from scipy.sparse import csr_array

import ionscout
from ionscout.featurize.elements import INDEX, SYMBOLS
from ionscout.featurize.formula import parse_formulas
from ionscout.featurize.grammar import parse_formula
from ionscout.featurize.notation import FormulaError
from ionscout.featurize.writing import format_formulas

CURATED = Path(str(ionscout.__file__)).parent / "training" / "curated"

READ = {
    # hydrates and adducts
    "CuSO4.5H2O": "Cu S O9 H10",
    "CuSO4·5H2O": "Cu S O9 H10",
    "CuSO4 • 5 H2O": "Cu S O9 H10",
    "CuSO4*5H2O": "Cu S O9 H10",
    "Na2CO3.10H2O": "Na2 C O13 H20",
    "CaSO4.0.5H2O": "Ca S O4.5 H",
    "Al(NO3)3.9H2O": "Al N3 O18 H18",
    "3CdSO4.8H2O": "Cd3 S3 O20 H16",
    "LiOH.H2O": "Li O2 H3",
    "(CuSO4·5H2O)2": "Cu2 S2 O18 H20",
    "MgCl2.6 H2O": "Mg Cl2.6 H2 O",
    "NaCl0.5H2O": "Na Cl0.5 H2 O",
    # mixtures
    "60Na2S-40GeS2": "Na120 S140 Ge40",
    "60 Na2S – 40 GeS2": "Na120 S140 Ge40",
    "33.3Na2O-66.7SiO2": "Na66.6 O166.7 Si66.7",
    "(1-x)Na3PS4-xNaI, x=0.1": "Na2.8 P0.9 S3.6 I0.1",
    "xNa2S-(100-x)P2S5, x=60": "Na120 S260 P80",
    # brackets
    "Na3Zr2(SiO4)2(PO4)": "Na3 Zr2 Si2 P O12",
    "Na4(CB11H12)2(B12H12)": "Na4 C2 B34 H36",
    "((Na{Cl}2)3[NO3]2)2": "Na6 Cl12 N4 O12",
    # variables
    "Na1+xZr2SixP3-xO12, x=2": "Na3 Zr2 Si2 P O12",
    "Na1+xZr2SixP3-xO12 (x = 2)": "Na3 Zr2 Si2 P O12",
    "Na₁₊ₓZr₂SiₓP₃₋ₓO₁₂; x=2": "Na3 Zr2 Si2 P O12",
    "Na1+xZr2SixP3-xO12, x=0": "Na Zr2 P3 O12",
    "Na3-2xMgxPS4-yCly, x=0.1, y=0.5": "Na2.8 Mg0.1 P S3.5 Cl0.5",
    "Na(1+x)/2TiO3-δ, x=0.5, δ=0.1": "Na0.75 Ti O2.9",
    "Na_{1+x}Zr_2Si_{x}P_{3-x}O_{12}, x=1/2": "Na1.5 Zr2 Si0.5 P2.5 O12",
    # charges
    "Na+": "Na",
    "Mg2+": "Mg",
    "NH4+": "N H4",
    "PO4 3-": "P O4",
    "PO4^3-": "P O4",
    "PO₄³⁻": "P O4",
    "[PO4]3-": "P O4",
    "[Na+][PF6-]": "Na P F6",
    "Na+ Cl-": "Na Cl",
    # spellings
    "Na₃Zr₂Si₂PO₁₂": "Na3 Zr2 Si2 P O12",
    "Na$_3$PS$_4$": "Na3 P S4",
    "Na<sub>3</sub>PS<sub>4</sub>": "Na3 P S4",
    "Na1/2Bi1/2TiO3": "Na0.5 Bi0.5 Ti O3",
    "2NaCl": "Na2 Cl2",
    "D2O": "H2 O",
    " Na3 P S4 ": "Na3 P S4",
    "Na 3 P S 4": "Na3 P S4",
    "LiFe.5Mn.5PO4": "Li Fe0.5 Mn0.5 P O4",
    "Y3N@C80": "Y3 N C80",
    "NaCl1e-3Br0.999": "Na Cl0.001 Br0.999",
}

# Text, what the message says, and the place it names.
REFUSED = [
    ("(PEO)8NaTFSI", "names 'E', which is no element", 2),
    ("NaTFSI", "bis(trifluoromethanesulfonyl)imide or elements", 2),
    ("LiFSI", "bis(fluorosulfonyl)imide or elements", 2),
    ("NaXCl", "names 'X', which is no element", 2),
    ("Nq2", "names 'Nq', which is no element", 0),
    ("na3ps4", "symbols begin with a capital", 0),
    ("Na3P(S4", "has an unclosed bracket", 4),
    ("Na(", "has an unclosed bracket", 2),
    ("Na3PS4)", "closes a bracket that was never opened", 6),
    ("Na[PS4)3", "closes '[' with ')'", 6),
    ("Na()Cl", "has an empty bracket", 3),
    ("Fe(II)Cl2", "may be an oxidation state", 2),
    ("Na0Cl", "gives Na the amount 0", 2),
    ("Na-1Cl", "amounts cannot be negative", 2),
    ("Na1+xCl, x=-2", "gives Na the negative amount -1", 2),
    ("Na1e400", "has an amount that is not finite", 2),
    ("MgCl2.6H2O", "may be a decimal point or join 6 H2O", 4),
    ("60Na2S.40GeS2", "may be a decimal point or join two parts", 6),
    ("Na2P5.2.3", "has a number with two dots", 4),
    ("NaCl 2H2O", "may count what stands before it or behind it", 5),
    ("Na2O-SiO2", "every part of a mixture needs a coefficient", 4),
    ("SO42-", "may be an amount or a charge", 2),
    ("O2-", "may mean one O of charge 2- or 2 O", 1),
    ("Fe2+Fe3+2O4", "charges stand apart or at the end", 3),
    ("Na1+xZr2P3", "variable 'x' without a value", 4),
    ("Na3PS4, x=1", "gives a value to 'x', which it does not use", 6),
    ("SnO2, n=2", "may be one element or S times n", 0),
    ("Na1/0", "divides by zero", 3),
    ("(Na,K)NbO3", "has a comma", 3),
    ("Na□", "means nothing here", 2),
    ("Na3PS4\nNaCl", "means nothing here", 6),
    ("2", "ends after a coefficient", 0),
    ("·", "means nothing here", 0),
    ("", "is empty", -1),
    ("  ", "is empty", -1),
    ("Na" * 5000, "is longer than 1,000 characters", 1000),
    ("(" * 300 + "Na" + ")" * 300, "more than 50 deep", 50),
]

symbols = st.sampled_from(SYMBOLS)
decimals = st.integers(1, 99_999).map(lambda thousandths: thousandths / 1000)
compositions = st.dictionaries(symbols, decimals, min_size=1, max_size=8)


def compact(composition: dict[str, float]) -> str:
    return "".join(f"{symbol}{amount:g}" for symbol, amount in composition.items())


@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_what_researchers_write_is_read(text, expected):
    assert parse_formula(text) == pytest.approx(Composition(expected).get_el_amt_dict(), abs=1e-12)


@pytest.mark.parametrize(("text", "reason", "position"), REFUSED)
def test_what_is_wrong_or_ambiguous_is_refused_with_its_place(text, reason, position):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert reason in str(caught.value)
    assert caught.value.position == position
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_formulas_are_called_missing(missing):
    assert parse_formulas(["NaCl", missing])[1][1].endswith("is missing")


def test_pointer_puts_a_caret_below_the_place():
    with pytest.raises(FormulaError) as caught:
        parse_formula("Na3P(S4")
    assert caught.value.pointer == "Na3P(S4\n    ^"


@pytest.mark.parametrize("table", ["sodium_electrolytes.csv", "other_ion_electrolytes.csv", "stability_windows.csv.gz"])
def test_curated_formulas_equal_pymatgen(table):
    texts = pd.read_csv(CURATED / table).formula.drop_duplicates().tolist()[:1500]
    texts += [Composition(text).reduced_formula for text in texts] + [Composition(text).formula for text in texts]
    amounts, errors = parse_formulas(texts)
    assert set(errors) == {None}
    expected = np.zeros(amounts.shape)
    for row, text in enumerate(texts):
        for symbol, amount in Composition(text).get_el_amt_dict().items():
            expected[row, INDEX[symbol]] = amount
    np.testing.assert_allclose(amounts.toarray(), expected, rtol=1e-13, atol=0)


def test_bad_formulas_keep_their_place_and_move_nothing():
    texts = [text for good in READ for text in (good, *[bad for bad, *_ in REFUSED[:3]])]
    amounts, errors = parse_formulas(texts)
    alone, _ = parse_formulas(list(READ))
    good = np.array([error is None for error in errors])
    assert good.tolist() == [text in READ for text in texts]
    np.testing.assert_array_equal(amounts[np.flatnonzero(good)].toarray(), alone.toarray())
    assert amounts[np.flatnonzero(~good)].nnz == 0


@given(st.lists(compositions, min_size=1, max_size=20))
def test_any_composition_is_read_as_pymatgen_reads_it(some):
    texts = [compact(composition) for composition in some]
    amounts, errors = parse_formulas(texts)
    assert set(errors) == {None}
    for row, text in enumerate(texts):
        ours = {SYMBOLS[index]: amount for index, amount in enumerate(amounts[[row], :].toarray()[0]) if amount}
        assert ours == Composition(text).get_el_amt_dict()


@given(st.text(alphabet="NaClOHPSID()[]0123456789..·-+x =,²₂^ \n", max_size=25))
@example("Cl2.6H2O")
@example("Na)(Cl")
@example("Na3.")
def test_many_at_once_read_what_one_at_a_time_reads(text):
    amounts, errors = parse_formulas(["Na(PS4)2", text, "KCl"])
    try:
        expected, error = parse_formula(text), None
    except FormulaError as refused:
        expected, error = {}, str(refused)
    assert errors.tolist() == [None, error, None]
    found = {SYMBOLS[index]: amount for index, amount in enumerate(amounts[[1], :].toarray()[0]) if amount}
    assert found == pytest.approx(expected, rel=1e-14)
    assert amounts[[0, 2], :].sum() == 13


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    with suppress(FormulaError):
        assert all(0 < amount < np.inf for amount in parse_formula(text).values())


@given(compositions, st.integers(2, 9))
def test_a_bracket_multiplies(composition, factor):
    whole = parse_formula(f"({compact(composition)}){factor}")
    assert whole == {symbol: amount * factor for symbol, amount in parse_formula(compact(composition)).items()}


@given(st.lists(compositions, min_size=1, max_size=10))
@example([{"Li": 3.5, "H": 2.0, "O": 1.0}])
def test_written_formulas_are_read_back(some):
    amounts, _ = parse_formulas([compact(composition) for composition in some])
    again, errors = parse_formulas(format_formulas(amounts))
    assert set(errors) == {None}
    np.testing.assert_allclose(again.toarray(), amounts.toarray(), rtol=5e-6)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("O12PSi2Zr2Na3", "Na3Zr2Si2PO12"),
        ("KNaLi", "NaLiK"),
        ("H2OLi3.5", "Li3.5H2O1"),
        ("H2O", "H2O"),
        ("NaCl0.123456789", "NaCl0.123457"),
        ("NaCl1e-7", "NaCl1e-07"),
    ],
)
def test_formulas_are_written_as_the_field_does(typed, written):
    assert format_formulas(parse_formulas([typed])[0]).tolist() == [written]


def test_empty_rows_are_written_empty():
    assert format_formulas(csr_array((2, len(SYMBOLS)))).tolist() == ["", ""]
