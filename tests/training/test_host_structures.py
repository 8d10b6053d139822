"""Which rows of the curated table a shipped host stands for."""

import pandas as pd
import pytest
from pymatgen.core import Composition
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionscout.featurize.structure.reading import read_structure
from ionscout.training.data.host_structures import host_structures
from ionscout.training.data.sources import load_curated
from ionscout.training.train import measured_rows


def structure_of(formula, label, state="crystalline"):
    rows = pd.DataFrame({"formula": [formula], "state": [state], "structure_label": [label]})
    return host_structures(rows).iloc[0]


@pytest.mark.parametrize(
    ("formula", "label", "space_group"),
    [
        ("Na3PS4", "tetragonal", 114),
        ("Na3PS4", "I-43m cubic", 217),
        ("Na2.88Sb0.88W0.12S4", "cubic", 217),
        ("Na3.4Sc2Si0.4P2.6O12", "R-3c", 167),
        ("NaZr2(PO4)3", "R-3c", 167),
        ("NaCl", "Fm-3m", 225),
    ],
)
def test_a_member_has_the_composition_and_the_symmetry_that_its_row_names(formula, label, space_group):
    structure = read_structure(structure_of(formula, label))
    ours, theirs = structure.composition.fractional_composition, Composition(formula).fractional_composition
    assert ours.almost_equals(theirs, rtol=1e-4, atol=1e-6)
    assert SpacegroupAnalyzer(structure, 0.01).get_space_group_number() == space_group


@pytest.mark.parametrize(
    ("formula", "label", "state"),
    [
        ("Na3PS4", None, "crystalline"),  # which of the two forms?
        ("Na3PS4", "tetragonal", "glass"),
        ("Na3Zr2Si2PO12", "C2/c", "crystalline"),  # the host is the rhombohedral form
        ("Na3Zr2Si2PO12", "monoclinic", "crystalline"),
        ("NaAl11O17", None, "crystalline"),
        ("Na3SbS4", "tetragonal", "crystalline"),  # Sb-S is a tenth longer than P-S: another cell
        ("Na3PSe4", "cubic I-43m", "crystalline"),
        ("Na3Al2P3O12", "R-3c", "crystalline"),
        ("Na9In(MoO4)6", "R-3c", "crystalline"),
        ("Na3OBr", "cubic", "crystalline"),
        ("Na5Zr2Si3O12", "R-3c", "crystalline"),  # four places for sodium
        ("Na3PS4", "cubic, R-3m", "crystalline"),
    ],
)
def test_other_rows_have_none(formula, label, state):
    assert structure_of(formula, label, state) is None


def test_the_curated_table_has_as_many_as_the_docs_say():
    table = load_curated("sodium_electrolytes")
    assert (host_structures(table).notna().sum(), len(table)) == (46, 782)
    rows = measured_rows(structures=True)
    assert rows["structure"].notna().sum() == 34
    pd.testing.assert_frame_equal(rows.drop(columns="structure"), measured_rows())
