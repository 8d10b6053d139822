"""Features of competing phases against pymatgen's phase diagrams, and their blindness to the row itself."""

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.competitors import COMPETITOR_COLUMNS, competitor_features, mixture_energies
from ionscout.models.phases import Phases

NAMES = [column.name for column in COMPETITOR_COLUMNS]
# Formation energies, eV/atom, near those of the Materials Project.
SALTS = {"NaCl": -2.13, "Na2S": -1.26, "AlCl3": -1.83, "NaAlCl4": -1.99, "Al2S3": -1.20, "NaAlS2": -1.25, "P2S5": -0.70}


def salts(**changed: float) -> tuple[CompositionBatch, Phases]:
    energies = SALTS | changed
    batch = CompositionBatch.from_formulas([*energies])
    return batch, Phases.from_compounds(batch.amounts, [*energies.values()])


def column(rows: np.ndarray, name: str) -> np.ndarray:
    return rows[:, NAMES.index(name)]


@pytest.fixture(scope="module")
def sodium(external_data):
    """Compounds of Na, P, S, Cl, Zr, O and Si among the training rows."""
    from ionscout.training.data.external import load_materials_project_energies

    table = load_materials_project_energies()
    table = table[table["split"] == "train"]
    batch = CompositionBatch.from_formulas(table["formula"])
    inside = CompositionBatch.from_formulas(["NaPSClZrOSi"]).amounts.indices
    rows = np.flatnonzero(batch.fractions @ np.isin(np.arange(118), inside) > 1 - 1e-9)
    return batch[rows], table["formation_energy_eV_atom"].to_numpy(float)[rows]


def test_mixture_energies_are_pymatgens(sodium):
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition, Element
    from pymatgen.entries.computed_entries import ComputedEntry

    batch, energies = sodium
    assert len(batch) > 150
    phases = Phases.from_compounds(batch.amounts, energies)
    found = competitor_features(phases, batch)
    compositions = [Composition(str(formula)) for formula in batch.formulas]
    elements = [ComputedEntry(Composition({Element(s): 1}), 0.0) for s in ("Na", "P", "S", "Cl", "Zr", "O", "Si")]
    entries = [ComputedEntry(c, e * c.num_atoms) for c, e in zip(compositions, energies, strict=True)]
    for row in range(0, len(batch), 12):
        own = set(compositions[row].elements)
        others = [e for n, e in enumerate(entries) if n != row and set(e.composition.elements) <= own]
        diagram = PhaseDiagram([*others, *(e for e in elements if set(e.composition.elements) <= own)])
        expected = diagram.get_hull_energy_per_atom(compositions[row])
        assert column(found, "mixture_energy_eV_atom")[row] == pytest.approx(expected, abs=1e-9)
        products = diagram.get_decomposition(compositions[row])
        assert column(found, "products")[row] == sum(share > 1e-6 for share in products.values())
        assert column(found, "product_share_1")[row] == pytest.approx(max(products.values()), abs=1e-6)
        assert column(found, "competitors")[row] == len(others)
    np.testing.assert_allclose(mixture_energies(phases, batch), found[:, 0], rtol=0, atol=1e-12)


def test_own_energy_changes_nothing_of_its_row():
    batch, phases = salts()
    _, deeper = salts(NaAlCl4=-3.5)
    place = [*SALTS].index("NaAlCl4")
    before, after = competitor_features(phases, batch), competitor_features(deeper, batch)
    np.testing.assert_array_equal(before[place], after[place])
    asked = CompositionBatch.from_formulas(["Na2AlCl5"])
    assert competitor_features(deeper, asked)[0, 0] < competitor_features(phases, asked)[0, 0]


def test_unknown_and_unreadable_rows():
    _, phases = salts()
    found = competitor_features(phases, CompositionBatch.coerce(["XeKr", "Na3P(S4", "Na3PS4"]))
    assert column(found, "mixture_energy_eV_atom")[0] == 0.0
    assert column(found, "competitors")[0] == 0.0
    assert np.isnan(column(found, "competitor_nearest_distance")[0])
    assert np.isnan(found[1]).all()
    # 3 Na2S + P2S5 -> 2 Na3PS4: 9 and 7 of 16 atoms.
    assert column(found, "mixture_energy_eV_atom")[2] == pytest.approx((9 * -1.26 + 7 * -0.70) / 16)


def test_fewer_phases_never_lower_the_mixture(sodium):
    batch, energies = sodium
    found = competitor_features(Phases.from_compounds(batch.amounts, energies), batch)
    mixture = column(found, "mixture_energy_eV_atom")
    for name in ("fewer_elements", "binaries", "second"):
        assert (column(found, f"mixture_energy_{name}_eV_atom") >= mixture - 1e-9).all()
