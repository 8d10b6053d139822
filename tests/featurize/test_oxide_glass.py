"""Glasses as oxides: textbook values of their descriptors."""

import numpy as np
import pandas as pd
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.oxide_glass import KINDS, OxideGlassFeatures, glass_kinds


def columns_of(*formulas: str) -> pd.DataFrame:
    features = OxideGlassFeatures()
    return pd.DataFrame(features.fit_transform(list(formulas)), index=formulas, columns=features.feature_names())


def test_mole_fractions_are_those_of_the_batch():
    # Pyrex-like batch: 4 Na2O, 2 Al2O3, 13 B2O3, 81 SiO2.
    row = columns_of("Na8Al4B26Si81O211").iloc[0]
    assert row[["oxide_Na", "oxide_Al", "oxide_B", "oxide_Si"]].tolist() == pytest.approx(
        [0.04, 0.02, 0.13, 0.81], abs=5e-4
    )
    assert row["glass_former_oxide"] == pytest.approx(0.94, abs=1e-3)


@pytest.mark.parametrize(
    ("formula", "per_tetrahedron"),
    [("SiO2", 0.0), ("NaAlSi3O8", 0.0), ("Na2Si2O5", 1.0), ("Na2SiO3", 2.0), ("Na4SiO4", 4.0), ("CaMgSi2O6", 2.0)],
)
def test_non_bridging_oxygens_are_the_textbook_s(formula, per_tetrahedron):
    # NBO/T of quartz, albite, di-, meta- and orthosilicate, diopside.
    assert columns_of(formula)["glass_NBO"].iloc[0] == pytest.approx(per_tetrahedron, abs=0.06)


@pytest.mark.parametrize(
    ("formula", "published"), [("SiO2", 0.48), ("B2O3", 0.42), ("CaO", 1.00), ("Na2O", 1.15), ("Na2Si2O5", 0.59)]
)
def test_optical_basicity_is_near_the_published(formula, published):
    # Duffy and Ingram, J. Non-Cryst. Solids 21, 373 (1976).
    assert columns_of(formula)["glass_basicity"].iloc[0] == pytest.approx(published, abs=0.06)


def test_the_mixed_alkali_term_is_greatest_in_the_middle():
    shares = np.linspace(0.01, 0.99, 11)
    terms = columns_of(*(f"Na{2 * (1 - x):.2f}K{2 * x:.2f}Si3O7" for x in shares))["glass_mixed_alkali"].to_numpy()
    assert int(terms.argmax()) == 5
    assert terms[5] == pytest.approx(0.5, abs=1e-3)
    assert max(terms[0], terms[10]) < 0.03


def test_a_trace_of_an_oxide_moves_every_column_by_a_trace():
    glasses = ("Na2Si3O7", "Na2B4O7", "NaPO3", "Na2Si2B2O8", "Na3PS4")
    span = columns_of("Na2Si3O7", "K2Si2O5", "NaPO3", "Na2B4O7", "CaMgSi2O6", "Na3PS4", "NaAlSi3O8", "Li2GeO3")
    span = (span.max() - span.min()).clip(lower=0.05)
    for trace in ("K", "Ca", "Al", "Ti", "V", "F", "I"):
        moved = columns_of(*(f"{g}{trace}0.0001" for g in glasses)).to_numpy() - columns_of(*glasses).to_numpy()
        assert (np.abs(moved) / span.to_numpy()).max() < 0.05


def test_rows_do_not_depend_on_each_other_or_on_how_a_formula_is_scaled():
    formulas = ["Na2Si3O7", "Na4Si6O14", "xx", "Na2B4O7"]
    table = OxideGlassFeatures().fit_transform(formulas)
    np.testing.assert_allclose(table[0], table[1], rtol=1e-9)
    assert np.isnan(table[2]).all()
    np.testing.assert_array_equal(table[[3, 0]], OxideGlassFeatures().fit_transform(["Na2B4O7", "Na2Si3O7"]))


def test_kinds_are_what_a_glassmaker_calls_them():
    glasses = {
        "Na2Si3O7": "silicate",
        "Na2CaSi6O14": "silicate",
        "Na2B8O13": "borate",
        "Na8Al4B26Si81O211": "borosilicate",
        "NaAlSi3O8": "aluminosilicate",
        "NaPO3": "phosphate",
        "Na2Ge4O9": "germanate",
        "Na2Te4O9": "tellurite",
        "Na3PS4": "chalcogenide",
        "Na2ZrF6": "halide",
        "Na5B8O13Cl3": "oxyhalide",
    }
    codes = glass_kinds(CompositionBatch.from_formulas([*glasses, "xx"]))
    assert [KINDS[c] for c in codes[:-1]] == list(glasses.values())
    assert codes[-1] == -1
