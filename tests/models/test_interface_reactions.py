"""Interface reactions and coatings against pymatgen, an analytic case and the method's own identities."""

import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX
from ionscout.models.coatings import stable_coatings
from ionscout.models.interface_reactions import InterfaceReaction, interface_reactions, midpoint_energies
from ionscout.models.phases import Phases
from ionscout.models.piecewise import concave_corners
from ionscout.models.voltage_profile import voltage_profiles

needs_energies = pytest.mark.skipif(
    not os.environ.get("IONSCOUT_EXTERNAL_DATA"),
    reason="IONSCOUT_EXTERNAL_DATA names no folder with materials_project_formation_energies.csv.gz",
)
PAIRS = [
    ("Na3PS4", "NaCrO2"),
    ("Na3Zr2Si2PO12", "Na3V2(PO4)3"),
    ("NaTaCl6", "NaCoO2"),
    ("Na3SbS4", "Na3V2(PO4)2F3"),
    ("Na3PO4", "S"),
    ("Na3YCl6", "NaNi0.5Mn0.5O2"),
    ("NaAl11O17", "NaFePO4"),
]


def compositions(*formulas: str) -> CompositionBatch:
    return CompositionBatch.from_formulas(formulas)


@cache
def materials_project() -> Phases:
    path = Path(os.environ["IONSCOUT_EXTERNAL_DATA"]) / "materials_project_formation_energies.csv.gz"
    table = pd.read_csv(path, keep_default_na=False)
    return Phases.from_compounds(
        CompositionBatch.from_formulas(table["formula"]).amounts, table["formation_energy_eV_atom"].to_numpy()
    )


def one_reaction(phases: Phases, *pair: Any) -> InterfaceReaction:
    [found] = interface_reactions(phases, *pair)
    assert found is not None
    return found


def worst_energies(reactions: list[InterfaceReaction | None]) -> np.ndarray:
    return np.array([np.nan if r is None else r.mutual_energies.min() for r in reactions])


def toy() -> Phases:
    return Phases.from_compounds(compositions("NaCl", "Na2S", "CuS", "CuCl").amounts, [-2.1, -1.26, -0.27, -0.7])


@cache
def pymatgen_entries(first: str, second: str) -> tuple:
    from pymatgen.core import Composition
    from pymatgen.entries.computed_entries import ComputedEntry

    phases = materials_project()
    elements = {INDEX[e.symbol] for e in (Composition(first) + Composition(second)).elements}
    rows = phases.within(elements)
    found = [Composition(formula) for formula in phases.formulas_of(rows)]
    return tuple(ComputedEntry(c, e * c.num_atoms) for c, e in zip(found, phases.energies[rows], strict=True))


def test_displacement_reaction_by_hand():
    # Na2S + 2 CuCl -> 2 NaCl + CuS + Cu, seven atoms.
    found = one_reaction(toy(), compositions("Na2S"), compositions("CuCl"))
    worst = found.worst
    energy = (4 * -2.1 + 2 * -0.27) - (3 * -1.26 + 4 * -0.7)
    assert found.fractions[worst] == pytest.approx(3 / 7, abs=1e-9)
    assert found.reaction_energies[worst] == pytest.approx(energy / 7, abs=1e-9)


def test_a_solid_against_itself_does_not_react():
    found = one_reaction(toy(), compositions("Na2S"), compositions("Na2S"))
    assert found.fractions.tolist() == [0, 1]
    assert np.abs(found.reaction_energies).max() < 1e-12


def test_products_hold_what_went_in():
    phases = toy()
    first, second = compositions("Na2S"), compositions("CuCl")
    for alkali, voltage in ((None, 0.0), ("Na", 1.2)):
        found = one_reaction(phases, first, second, alkali, voltage)
        held = np.einsum("sk,skj->sj", found.products.atoms, phases.fractions.toarray()[found.products.phases])
        share = found.fractions[:, None]
        mixed = share * first.fractions.toarray() + (1 - share) * second.fractions.toarray()
        if alkali is not None:
            mixed /= 1 - mixed[:, [INDEX["Na"]]]
        mixed[:, INDEX["Na"]] += found.uptake
        np.testing.assert_allclose(held, mixed, atol=1e-9)


def test_metal_in_an_open_system_is_the_reservoir():
    phases = toy()
    found = one_reaction(phases, compositions("CuS"), compositions("Na"), "Na", 0.0)
    [profile] = voltage_profiles(phases, compositions("CuS"))
    assert profile is not None
    assert found.fractions.tolist() == [1.0]
    assert found.reaction_energies[0] == pytest.approx(profile.energy_at(0.0))
    assert interface_reactions(phases, compositions("Na"), compositions("Na"), "Na") == [None]


def test_bad_rows_keep_their_place():
    found = interface_reactions(toy(), compositions("CuS", "Cu(S", "CuS"), compositions("Na", "Na", "Na2S"))
    assert [reaction is None for reaction in found] == [False, True, False]


def test_lengths_and_voltages_are_checked():
    with pytest.raises(ValueError, match="give pairs"):
        interface_reactions(toy(), compositions("CuS"), compositions("Na", "Na"))
    with pytest.raises(ValueError, match="the metal plates"):
        interface_reactions(toy(), compositions("CuS"), compositions("Na"), "Na", -0.1)


def test_middle_bounds_the_worst_ratio():
    first, second = compositions("Na2S", "CuS", "NaCl"), compositions("CuCl", "Na", "Na2S")
    middle = midpoint_energies(toy(), first, second)
    worst = worst_energies(interface_reactions(toy(), first, second))
    assert (worst <= middle + 1e-12).all()
    assert (worst >= 2 * middle - 1e-12).all()
    assert worst[2] == middle[2] == 0


def test_corners_of_a_function_are_found_exactly():
    rng = np.random.default_rng(1)
    lines = np.stack([rng.normal(size=40), rng.normal(size=40)])

    def lowest(rows, places):
        values = lines[0] + lines[1] * places[:, None]
        best = values.argmin(axis=1)
        return values.min(axis=1), lines[1][best]

    [(places, values)] = concave_corners(lowest, np.array([-3.0]), np.array([3.0]))
    grid = np.linspace(-3, 3, 5001)
    np.testing.assert_allclose(np.interp(grid, places, values), lowest(None, grid)[0], atol=1e-9)
    assert (np.diff(np.diff(values) / np.diff(places)) < 0).all()


@needs_energies
@pytest.mark.parametrize(("first", "second"), [*PAIRS, ("Na3PS4", "Na")])
def test_closed_reactions_agree_with_pymatgen(first, second):
    from pymatgen.analysis.interface_reactions import InterfacialReactivity
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition

    found = one_reaction(materials_project(), compositions(first), compositions(second))
    diagram = PhaseDiagram(pymatgen_entries(first, second))
    for hull, energies in ((False, found.reaction_energies), (True, found.mutual_energies)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinks = InterfacialReactivity(
                Composition(first), Composition(second), diagram, norm=True, use_hull_energy=hull
            ).get_kinks()
        places = np.array([kink[1] for kink in kinks])
        expected = np.array([kink[2] for kink in kinks])
        np.testing.assert_allclose(np.interp(places, found.fractions, energies), expected, atol=1e-6)
        assert energies.min() == pytest.approx(expected.min(), abs=1e-6)


@needs_energies
@pytest.mark.parametrize("voltage", [0.5, 3.0])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_open_reactions_agree_with_pymatgen(first, second, voltage):
    from pymatgen.analysis.interface_reactions import GrandPotentialInterfacialReactivity
    from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram, PhaseDiagram
    from pymatgen.core import Composition, Element

    found = one_reaction(materials_project(), compositions(first), compositions(second), "Na", voltage)
    entries = list(pymatgen_entries(first, second))
    closed, opened = PhaseDiagram(entries), GrandPotentialPhaseDiagram(entries, {Element("Na"): -voltage})
    for alone, energies in ((False, found.mutual_energies), (True, found.reaction_energies)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = GrandPotentialInterfacialReactivity(
                Composition(first),
                Composition(second),
                opened,
                closed,
                include_no_mixing_energy=alone,
                norm=True,
                use_hull_energy=False,
            )
            kinks = theirs.get_kinks()

        def balanced(share, factors=(theirs.factor1, theirs.factor2)):
            # Energies are linear in the share of atoms that are not sodium.
            return share * factors[0] / (share * factors[0] + (1 - share) * factors[1])

        places = np.array([kink[1] for kink in kinks])
        expected = np.array([kink[2] for kink in kinks])
        ours = np.interp(balanced(places), balanced(found.fractions), energies)
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_coatings_are_stable_against_both_sides():
    phases = toy()
    found = stable_coatings(phases, compositions("Na2S"), compositions("CuCl"))
    # Na2S is one of the sides and reacts with the other; NaCl reacts with neither.
    assert phases.formulas_of(found.phases).tolist() == ["NaCl"]
    assert (found.energies == 0).all()


@needs_energies
def test_coatings_react_with_neither_side_of_a_real_pair():
    phases = materials_project()
    sides = compositions("Na3PS4"), compositions("NaCoO2")
    found = stable_coatings(phases, *sides)
    names = phases.formulas_of(found.phases).tolist()
    assert {"NaF", "NaCl"} <= set(names)
    coats = CompositionBatch.from_matrix(phases.amounts[found.phases])
    for side in sides:
        repeated = side.take(np.zeros(len(names), dtype=int))
        assert worst_energies(interface_reactions(phases, coats, repeated)).min() > -1e-7
