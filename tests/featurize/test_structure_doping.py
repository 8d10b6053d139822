"""Doped structures hold what the enumeration of dopants says, on the host's own sites."""

import numpy as np
import pytest
from pymatgen.core import Composition
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionscout.featurize.structure.doping import dope
from ionscout.featurize.structure.hosts import HOSTS, host_structure
from ionscout.featurize.structure.reading import StructureError
from ionscout.serve.screen.dopants import dopants


@pytest.mark.parametrize(
    ("host", "site", "dopant", "x"),
    [
        ("Na3PS4", "P", "W", 0.1),
        ("Na3PS4", "S", "Cl", 0.0625),
        ("NaAlCl4", "Al", "Zr", 0.2),
        ("Na3AlF6", "Al", "Ti", 0.3),
        ("Na3PS4_cubic", "P", "W", 0.1),
        ("Na3SbS4_cubic", "Sb", "W", 0.12),
        ("NaAl11O17", "Al", "Ti", 0.2),
        ("Na3PO4", "P", "S", 0.2),
    ],
)
def test_composition_is_the_one_of_the_formula(host: str, site: str, dopant: str, x: float):
    host_formula = HOSTS[host].formula
    rows = dopants(host_formula, site=site, dopants=[dopant], x=x).to_dataframe()
    row = rows.sort_values("dopant_state").iloc[-1]  # tungsten as W6+, not W4+: full sites take up no more sodium
    formula = Composition(row["formula"])
    doped = dope(host_structure(host), site, dopant, x, formula["Na"] - Composition(host_formula)["Na"])
    assert doped.composition.fractional_composition.almost_equals(formula.fractional_composition, rtol=1e-4)


@pytest.mark.parametrize(("phosphorus", "formula"), [(1, "Na3Zr2Si2PO12"), (3, "NaZr2P3O12")])
def test_phosphorus_leads_from_the_sodium_rich_end_of_nasicon_to_the_other(phosphorus: int, formula: str):
    doped = dope(host_structure("Na4Zr2Si3O12"), "Si", "P", phosphorus, mobile_change=-phosphorus)
    assert doped.composition.reduced_formula == Composition(formula).reduced_formula
    assert SpacegroupAnalyzer(doped).get_space_group_symbol() == "R-3c"
    # The sodium left is shared by the sites in proportion: no site is preferred.
    filled = {round(site.species["Na"], 6) for site in doped if "Na" in site.species.get_el_amt_dict()}
    assert filled == {round((4 - phosphorus) / 4, 6)}


def test_the_chlorine_doped_structure_is_the_one_refined():
    doped = dope(host_structure("Na3PS4"), "S", "Cl", 0.0625, -0.0625)
    refined = host_structure("Na2.9375PS3.9375Cl0.0625")
    for ours, theirs in zip(doped, refined, strict=True):
        for element, amount in theirs.species.element_composition.items():
            assert ours.species.element_composition[element] == pytest.approx(amount, abs=1e-5)


def test_nothing_moves_and_the_host_stays():
    host = host_structure("Na3PS4")
    before = host.copy()
    doped = dope(host, "P", "Sb", 0.5)
    assert host == before
    np.testing.assert_array_equal(doped.frac_coords, host.frac_coords)


def test_vacancies_take_up_the_mobile_ion():
    vacant = dope(host_structure("Na3PS4"), "P", "W", 0.4, -0.4)
    refilled = dope(vacant, "P", "Ge", 0.3, 0.3, formula_units=2)
    assert refilled.composition["Na"] / 2 == pytest.approx(2.9)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("P", "Si", 0.1, 0.1), "room for 0; give a host with vacant"),
        (("P", "W", 1.1, -1.1), "not between 0 and the 1 P of the host"),
        (("P", "W", -0.1, 0.1), "x=-0.1 is not between"),
        (("Zr", "Mg", 0.1, 0.2), "site 'Zr' is not in the host; choose one of Na, P, S"),
        (("P", "P", 0.1), "element of the site"),
        (("P", "W", 0.5, -4.0), "takes 8 Na a cell, the host has 6"),
        (("P", "W", 0.5, -0.5, "K"), "no K in the host"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments: tuple, reason: str):
    with pytest.raises(StructureError, match=reason):
        dope(host_structure("Na3PS4"), *arguments)


def test_a_cell_of_fractional_amounts_needs_its_formula_units():
    with pytest.raises(StructureError, match="give formula_units"):
        dope(host_structure("Na2.9375PS3.9375Cl0.0625"), "P", "W", 0.1, -0.1)


def test_a_full_replacement_leaves_no_trace_of_the_site():
    assert "P" not in dope(host_structure("Na3PS4"), "P", "Sb", 1.0).composition.get_el_amt_dict()
