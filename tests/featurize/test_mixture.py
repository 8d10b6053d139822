import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition

from ionscout.featurize.fillers import read_filler
from ionscout.featurize.mixture import COLUMNS, MixtureBatch
from ionscout.featurize.plasticizers import read_plasticizer
from ionscout.featurize.polymers import read_polymer
from ionscout.featurize.repeat_unit import POLYMER_COLUMNS, polymer_descriptors, salt_descriptors
from ionscout.featurize.salts import known_salts, read_salt
from ionscout.training.data.sources import load_curated


def mixture(**facts):
    plain = {"polymer": "PEO", "salt": "NaTFSI", "temperature_C": 25.0}
    return MixtureBatch.read(pd.DataFrame([plain | facts]))


@pytest.mark.parametrize(
    ("name", "formula"),
    [("NaClO4", "NaClO4"), ("NaTFSI", "NaC2F6NS2O4"), ("NaPF6", "NaPF6"), ("NaFSI", "NaF2NS2O4"), ("Na2S", "Na2S"),
     ("NaBOB", "NaBC4O8"), ("NaNO3", "NaNO3"), ("NaTCP", "NaC8N5"), ("NaDFOB", "NaBC2O4F2")],
)  # fmt: skip
def test_salts_weigh_what_pymatgen_says(name, formula):
    _, sodium, mass, _ = read_salt(name)
    composition = Composition(formula)
    assert sodium == composition["Na"]
    assert mass == pytest.approx(composition.weight, abs=0.05)


def test_every_known_salt_has_finite_descriptors():
    for name in known_salts():
        values, sodium, _, _ = read_salt(name)
        assert np.isfinite(values).all(), name
        assert sodium >= 1


def test_charge_spreads_over_large_anions():
    density = {name: read_salt(name)[0][2] for name in ("NaF", "NaClO4", "NaCF3SO3", "NaTFSI", "NaBPh4")}
    assert sorted(density, key=lambda name: -density[name]) == ["NaF", "NaClO4", "NaCF3SO3", "NaTFSI", "NaBPh4"]


def test_volumes_are_those_of_the_method():
    # Zhao, Abraham and Zissimos: benzene, by their table and rule, is 6 C + 6 H - 12 bonds - 1 aromatic ring.
    volume = 6 * 20.58 + 6 * 7.24 - 12 * 5.92 - 14.7
    assert volume == pytest.approx(81.2, abs=0.1)
    ion = salt_descriptors("[Na+].[CH2-]c1ccccc1")[0][0]
    assert ion == pytest.approx(7 * 20.58 + 7 * 7.24 - 14 * 5.92 - 14.7)


@pytest.mark.parametrize(
    "cuts",
    [("[*]CCO[*]", "[*]COC[*]", "[*]OCC[*]"), ("[*]C(=O)CCCCCO[*]", "[*]CCCCCOC(=O)[*]", "[*]OC(=O)CCCCC[*]")],
)
def test_where_a_repeat_unit_is_cut_changes_nothing(cuts):
    first, *others = ([*polymer_descriptors(cut)[0]] for cut in cuts)
    for other in others:
        np.testing.assert_allclose(other[:-1], first[:-1])


def test_twice_the_repeat_unit_is_the_same_polymer():
    np.testing.assert_allclose(polymer_descriptors("[*]CCOCCO[*]")[0], polymer_descriptors("[*]CCO[*]")[0])


def test_ester_oxygen_is_no_ether():
    groups = dict(zip(POLYMER_COLUMNS, polymer_descriptors("[*]CCCCCC(=O)O[*]")[0], strict=True))
    assert groups["ether_oxygen_mol_kg"] == 0
    assert groups["carbonyl_oxygen_mol_kg"] == pytest.approx(1000 / 114.14, rel=1e-3)


def test_loadings_agree_between_units():
    # (PEO)20 NaTFSI: one sodium in 20 units of 44.05 g is 1.135 mol/kg and 303.1/(303.1 + 881.1) = 25.6 wt%.
    by_ether = mixture(salt_loading=20, salt_loading_unit="EO_to_Na")
    by_weight = mixture(salt_loading=25.6, salt_loading_unit="wt_pct")
    assert by_ether.column("salt_molality_mol_kg")[0] == pytest.approx(1.135, abs=0.001)
    assert by_weight.column("salt_molality_mol_kg")[0] == pytest.approx(1.135, abs=0.002)
    assert by_weight.column("coordinating_per_sodium")[0] == pytest.approx(20, abs=0.05)


def test_molar_solutions_are_near_their_molality():
    batch = mixture(polymer="PVDF-HFP", salt="NaClO4", salt_loading=1, salt_loading_unit="M", plasticizer="PC")
    assert batch.column("salt_molality_mol_kg")[0] == pytest.approx(1 / (1.2 - 0.1224), rel=1e-3)


def test_weight_becomes_volume_by_density():
    volume = mixture(filler="Na3Zr2Si2PO12", filler_wt_pct=50).column("filler_volume_fraction")[0]
    assert volume == pytest.approx((1 / 3.2) / (1 / 3.2 + 1 / 1.2))


@pytest.mark.parametrize(
    ("typed", "fraction", "name"),
    [
        ("PC/DEC 30 wt%", 0.3, "DEC/PC"),
        ("SN (PEO:SN 1.5:1)", 0.4, "SN"),
        ("EMIM-triflate (4:1 to polymer)", 0.8, "EMIM-TRIFLATE"),
        ("PC (2:1 v/v to monomer)", 2 / 3, "PC"),
        ("SN (+FEC), 90 vol% eutectic", 0.9, "SN"),
        ("ionic liquid (trace)", 0.01, "ionic liquid"),
    ],
)
def test_amounts_of_plasticizer_are_read(typed, fraction, name):
    values, _, read = read_plasticizer(typed)
    assert (values[-1], read.casefold()) == (pytest.approx(fraction), name.casefold())


def test_unsaid_amounts_are_not_made_up():
    assert np.isnan(read_plasticizer("EC/PC 1:1")[0][-1])
    assert np.isnan(mixture(filler="SiO2").column("filler_weight_fraction")[0])


def test_fillers_conduct_or_do_not():
    for name, conducts in (("Na3SbS4", True), ("Ga-doped Na2Zn2TeO6", True), ("TiO2", False), ("NaF", False)):
        found = read_filler(name)[0]
        assert found is not None
        assert found.conducts is conducts


def test_blends_are_averages():
    values = [read_polymer(name)[0][1] for name in ("PEO", "PVP", "PEO/PVP 3:1")]
    assert values[2] == pytest.approx(0.75 * values[0] + 0.25 * values[1])


def test_every_measured_row_of_the_table_is_read():
    table = load_curated("hybrid_electrolytes")
    batch = MixtureBatch.read(table)
    without_heat = table["temperature_C"].isna().to_numpy()
    wrong = ~pd.isna(batch.errors) & ~without_heat
    assert table.index[wrong].tolist() == [21]  # its loading has no unit
    assert np.isnan(batch.numbers[wrong]).all()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"polymer": "Peox"}, "polymer 'Peox' is not known.*PEO, "),
        ({"polymer": None}, "polymer is missing"),
        ({"polymer": "[*]CC"}, "has 1 ends"),
        ({"polymer": "[*]CC(("}, "ends|cannot be read"),
        ({"polymer": "PEO/PVP 1:2:3"}, "names 2 polymers but gives a ratio of 3"),
        ({"salt": "LiTFSI"}, "salt 'LiTFSI' is not known.*NaClO4"),
        ({"salt": "[Li+].[Cl-]"}, "holds no sodium"),
        ({"salt": "none"}, "no sodium: salt 'none'"),
        ({"salt_loading": -3, "salt_loading_unit": "wt_pct"}, "salt_loading -3 must be positive"),
        ({"salt_loading": 20}, "has no unit"),
        ({"salt_loading": 100, "salt_loading_unit": "wt_pct"}, "must be below 100"),
        ({"salt_loading": 20, "salt_loading_unit": "EO"}, "salt_loading_unit 'EO' is not known"),
        ({"salt_loading": "many", "salt_loading_unit": "M"}, "salt_loading 'many' is not a number"),
        ({"polymer": "PVDF", "salt_loading": 20, "salt_loading_unit": "EO_to_Na"}, "no group that coordinates"),
        ({"filler": "SiO2", "filler_wt_pct": 120}, "between 0 and 100"),
        ({"filler": "SiO2", "filler_wt_pct": 100}, "leaves nothing for the polymer"),
        ({"filler_wt_pct": 10}, "no filler is named"),
        ({"filler": "Na3P(S4"}, "filler 'Na3P\\(S4' is neither"),
        ({"plasticizer": "water?"}, "plasticizer 'water\\?' is not known"),
        ({"plasticizer": "PC 130 wt%"}, "between 0 and 100"),
        ({"class": "ceramic"}, "class 'ceramic' is not known"),
        ({"temperature_C": None}, "temperature_C is missing"),
        ({"temperature_C": 333.15}, "give Celsius"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_harms_no_other(facts, message):
    good = {"polymer": "PEO", "salt": "NaTFSI", "temperature_C": 25.0}
    batch = MixtureBatch.read(pd.DataFrame([good, good | facts, good]))
    assert pd.isna(batch.errors[[0, 2]]).all()
    assert pd.Series(batch.errors[[1]]).str.contains(message).all(), batch.errors[1]
    np.testing.assert_array_equal(batch.numbers[0], batch.numbers[2])
    assert np.isnan(batch.numbers[1]).all()


@given(st.permutations(range(6)))
def test_rows_do_not_depend_on_their_neighbours(order):
    table = pd.DataFrame(
        {
            "polymer": ["PEO", "PAN", "Peox", "PVDF-HFP", "PEO/PVP", "none"],
            "salt": ["NaTFSI", "NaClO4", "NaTFSI", "NaFSI", "none", "NaTFSI"],
            "plasticizer": [None, "SN 30 wt%", None, "PC", None, "SN"],
            "temperature_C": [25.0, 60.0, 25.0, 20.0, 25.0, 25.0],
        }
    )
    whole, shuffled = MixtureBatch.read(table), MixtureBatch.read(table.iloc[list(order)])
    np.testing.assert_array_equal(shuffled.numbers, whole.numbers[list(order)])
    assert whole.numbers.shape == (6, len(COLUMNS))
