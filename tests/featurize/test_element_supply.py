import numpy as np
import pytest
from pymatgen.analysis.hhi import HHIModel
from pymatgen.core import Composition

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.element_supply import CRUSTAL_ABUNDANCE_PPM, PRICES_USD_KG, element_supply

FORMULAS = ["Na3Zr2Si2PO12", "Na3PS4", "Na2.88Sb0.88W0.12S4", "NaTaCl6", "Na2Zn2TeO6"]


def supply(formulas, **options):
    return element_supply(CompositionBatch.from_formulas(formulas), **options)


def test_supply_concentration_is_pymatgens():
    found = supply(FORMULAS)
    wanted = np.array([HHIModel().get_hhi(f) for f in FORMULAS])
    np.testing.assert_allclose(found[["hhi_production", "hhi_reserves"]], wanted, rtol=1e-4)


def test_cost_is_that_of_the_elements_by_mass():
    for formula, cost in zip(FORMULAS, supply(FORMULAS)["cost_USD_kg"], strict=True):
        shares = Composition(formula).as_weight_dict()
        assert cost == pytest.approx(sum(PRICES_USD_KG[e] * w for e, w in shares.items()), rel=1e-3)


def test_the_rarest_element_counts():
    assert supply(["Na2Zn2TeO6", "Na3PS4"])["crustal_abundance_ppm"].tolist() == [0.001, 350.0]


def test_own_prices_replace_ours_and_unknown_ones_stay_unknown():
    assert supply(["NaCl"], prices={"Na": 0.0, "Cl": 5.0})["cost_USD_kg"][0] == pytest.approx(5 * 35.453 / 58.443, 1e-3)
    assert supply(["NaXeF6"])["cost_USD_kg"].isna().all()
    with pytest.raises(ValueError, match="'Nx' is not an element"):
        supply(["NaCl"], prices={"Nx": 1.0})


def test_hazards_are_listed():
    assert supply(["NaCdAsS4", "NaCl", "NaUO3"])["hazard"].tolist() == [
        "As carcinogenic, Cd carcinogenic",
        "",
        "U radioactive",
    ]


def test_a_bad_row_harms_no_other():
    found = supply(["NaCl", "Na(Cl", "NaBr"])
    assert found["cost_USD_kg"].isna().tolist() == [False, True, False]
    assert found["crustal_abundance_ppm"].tolist()[::2] == [145.0, 2.4]


def test_common_rocks_are_common():
    assert max(CRUSTAL_ABUNDANCE_PPM, key=lambda e: CRUSTAL_ABUNDANCE_PPM[e]) == "O"
    assert sum(CRUSTAL_ABUNDANCE_PPM.values()) == pytest.approx(1e6, rel=0.02)
