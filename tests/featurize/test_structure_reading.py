"""Reading structures: every form gives the same, and what is wrong is named in its row."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from ionscout.featurize.structure.batch import StructureBatch
from ionscout.featurize.structure.hosts import HOSTS, host_cif, host_structure
from ionscout.featurize.structure.reading import MAX_SITES, StructureError, read_structure

GOOD = host_cif("NaAlCl4")


def without_operations(cif: str) -> str:
    start = cif.index("loop_\n_symmetry_equiv_pos_as_xyz")
    return cif[:start] + cif[cif.index("loop_\n_atom_site") :]


def p1_cif(rows: list[str]) -> str:
    head = "data_x\n" + "".join(f"_cell_length_{axis} 60\n_cell_angle_{angle} 90\n" for axis, angle in AXES)
    columns = "".join(f"_atom_site_{name}\n" for name in ("label", "fract_x", "fract_y", "fract_z"))
    return head + "loop_\n_symmetry_equiv_pos_as_xyz\n'x, y, z'\nloop_\n" + columns + "\n".join(rows) + "\n"


AXES = [("a", "alpha"), ("b", "beta"), ("c", "gamma")]
BAD = {
    "": "empty",
    "Na3PS4": "no file",
    "data_x\n": "no atoms",
    "x" * 10_000: "no data_ block",
    "data_" + "x" * 10_000: "no atoms",
    "hello\nworld": "no data_ block",
    GOOD[: GOOD.index("loop_\n_atom_site")]: "no atoms",
    GOOD[: GOOD.index("0.37466")]: "loop cut short",
    GOOD[: GOOD.index("Cl1 Cl")]: "cut short",
    without_operations(GOOD).replace("P212121", "Q77"): "symmetry cannot be read",
    GOOD.replace("'-x, y+1/2, -z+1/2'", "'-x, w, fish'"): "symmetry operation '-x, w, fish' cannot be read",
    GOOD.replace("'-x, y+1/2, -z+1/2'", "'-x, y+1/2'"): "symmetry operation '-x, y+1/2' cannot be read",
    GOOD.replace("Na1 Na 0.71343 0.31122 0.37466", "Na1 Na 0.51429 0.20707 0.96226"): "overlap",
    GOOD.replace("Na1 Na 0.71343 0.31122 0.37466", "Na1 Na 0.50000 0.21000 0.96000"): "atoms overlap: sites",
    GOOD.replace("Na1 Na 0.71343", "Na1 Xx 0.71343"): "no element",
    GOOD.replace("0.37466 1", "0.37466 2"): "filled twice",
    GOOD.replace("0.37466 1", "0.37466 -0.5"): "occupancy",
    GOOD[: GOOD.index("Al1 Al")]: "loop without rows",
    GOOD.replace("0.71343", "?"): "site 5 has _atom_site_fract_x '?', no finite number",
    GOOD.replace("0.31122", "inf"): "site 5 has _atom_site_fract_y 'inf', no finite number",
    GOOD.replace("_cell_angle_beta 90", "_cell_angle_beta 0"): "_cell_angle_beta is '0', not between 0 and 180",
    GOOD.replace("_angle_beta 90", "_angle_beta 20").replace("_gamma 90", "_gamma 20"): "cannot meet in one corner",
    GOOD.replace("_cell_length_a 9.886", "_cell_length_a 0"): "no positive length",
    GOOD.replace("_cell_length_a 9.886", "_cell_length_a 0.1"): "cubic angstrom cannot hold",
    GOOD.replace("_cell_length_a 9.886", "_cell_length_a -9.886"): "no positive length",
    "{": "JSON cannot be read",
    "{}": "JSON lacks 'lattice'",
}


def test_every_form_gives_the_same_structure(tmp_path: Path):
    path = tmp_path / "host.cif"
    path.write_text(GOOD)
    structure = host_structure("NaAlCl4")
    fields = structure.as_dict()
    for source in (GOOD, path, str(path), fields, json.dumps(fields, default=float), structure):
        assert read_structure(source) == structure


@pytest.mark.parametrize("text", BAD, ids=lambda text: BAD[text][:30])
def test_bad_text_names_what_is_wrong(text: str):
    with pytest.raises(StructureError, match=re.escape(BAD[text])):
        read_structure(text)


def test_bad_rows_keep_their_place_and_move_nothing():
    texts = [GOOD]
    for text in BAD:
        texts += [text, GOOD]
    batch = StructureBatch.coerce(texts)
    assert batch.is_readable.tolist() == [row % 2 == 0 for row in range(len(texts))]
    assert all((error is None) == (row % 2 == 0) for row, error in enumerate(batch.errors))
    assert {batch.compositions.formulas[row] for row in range(0, len(texts), 2)} == {"NaAlCl4"}


def test_blocks_without_atoms_are_passed_over():
    text = "data_global\n_journal_year 1979\n\n" + GOOD
    assert read_structure(text) == host_structure("NaAlCl4")


def test_missing_values_are_rows_with_an_error():
    batch = StructureBatch.coerce(pd.Series([None, GOOD, np.nan, 7]))
    assert batch.errors.tolist()[:3] == ["no structure given", None, "no structure given"]
    assert "cannot read a structure from int" in batch.errors[3]


def test_ten_thousand_sites_are_refused_at_once():
    rows = [f"Na {x:.4f} {y:.4f} {z:.4f}" for x, y, z in np.random.default_rng(1).random((10_000, 3))]
    with pytest.raises(StructureError, match=f"10000 sites, limit {MAX_SITES}"):
        read_structure(p1_cif(rows))
    box = Structure(Lattice.cubic(60), ["Na"] * 10_000, np.random.default_rng(1).random((10_000, 3)))
    with pytest.raises(StructureError, match=f"10000 sites, limit {MAX_SITES}"):
        read_structure(box)


def test_a_structure_without_atoms_is_refused():
    with pytest.raises(StructureError, match="no atoms"):
        read_structure(Structure(Lattice.cubic(5), [], []))


def test_split_positions_are_no_overlap():
    split = Structure(Lattice.cubic(6), [{"Li": 0.5}, {"Li": 0.5}, "Cl"], [[0, 0, 0], [0.07, 0, 0], [0.5, 0.5, 0.5]])
    assert len(read_structure(split)) == 3
    with pytest.raises(StructureError, match="0.42 angstrom apart and filled to 2.00 together"):
        read_structure(Structure(Lattice.cubic(6), ["Li", "Li"], [[0, 0, 0], [0.07, 0, 0]]))


def test_a_table_needs_a_column_of_structures():
    frame = pd.DataFrame({"structure": [GOOD], "formula": ["NaAlCl4"]})
    assert StructureBatch.coerce(frame).is_readable.all()
    with pytest.raises(ValueError, match="expected a column 'structure'"):
        StructureBatch.coerce(frame.rename(columns={"structure": "cif"}))
    with pytest.raises(TypeError, match="cannot read structures from int"):
        StructureBatch.coerce(7)


def test_rows_by_mask_and_position():
    batch = StructureBatch.coerce([GOOD, "", host_cif("NaCl")])
    assert len(batch[batch.is_readable]) == 2
    assert batch[-1].compositions.formulas.tolist() == ["NaCl"]
    assert StructureBatch.concat([batch[:1], batch[1:]]).errors.tolist() == batch.errors.tolist()
    with pytest.raises(ValueError, match="row 1: text is empty"):
        batch.raise_errors()


@pytest.mark.parametrize("name", HOSTS)
def test_hosts_hold_the_composition_their_source_states(name: str):
    found, stated = host_structure(name).composition.element_composition, Composition(HOSTS[name].formula)
    assert found.fractional_composition.almost_equals(stated.fractional_composition)


def test_shipped_files_are_what_the_script_writes():
    folder = Path(__import__("ionscout.featurize.structure", fromlist=["x"]).__file__).parent / "cifs"
    assert {path.stem: path.read_text() for path in folder.glob("*.cif")} == {name: host_cif(name) for name in HOSTS}


# As computed for the same entries by the American Mineralogist Crystal Structure Database (three decimals) and by the
# Inorganic Crystal Structure Database (two); of beta-alumina the full density that ceramists name.
DENSITIES = {
    "NaAlCl4": (1.887, 0.002),
    "Na3AlF6": (2.957, 0.002),
    "Na3BiP2O8": (4.261, 0.002),
    "Na3PS4_cubic": (2.23, 0.006),
    "Na3SbS4_cubic": (2.87, 0.006),
    "Na4P2S6": (2.11, 0.006),
    "Na4Zr2Si3O12": (3.38, 0.006),
    "Na3PO4": (2.73, 0.006),
    "NaAl11O17": (3.26, 0.03),
}
SPACE_GROUPS = {
    "Na3PS4": 114,
    "Na2.9375PS3.9375Cl0.0625": 114,
    "NaAlCl4": 19,
    "Na3AlF6": 14,
    "Na3BiP2O8": 62,
    "Na3PS4_cubic": 217,
    "Na3SbS4_cubic": 217,
    "Na4P2S6": 12,
    "Na4Zr2Si3O12": 167,
    "NaAl11O17": 194,
    "Na3PO4": 114,
    "Na3Sc2V3O12": 230,
    "NaCl": 225,
}
STATES = {
    "Na": 1,
    "Al": 3,
    "Sb": 5,
    "Bi": 3,
    "Sc": 3,
    "Zr": 4,
    "Si": 4,
    "V": 5,
    "P": 5,
    "O": -2,
    "S": -2,
    "F": -1,
    "Cl": -1,
}


@pytest.mark.parametrize(("name", "density"), DENSITIES.items())
def test_hosts_have_the_density_that_others_state(name: str, density: tuple[float, float]):
    value, margin = density
    assert float(host_structure(name).density) == pytest.approx(value, abs=margin)


@pytest.mark.parametrize("name", HOSTS)
def test_hosts_have_the_symmetry_of_their_source(name: str):
    assert SpacegroupAnalyzer(host_structure(name), symprec=0.01).get_space_group_number() == SPACE_GROUPS[name]


@pytest.mark.parametrize("name", HOSTS)
def test_hosts_are_neutral(name: str):
    states = STATES | ({"P": 4} if name == "Na4P2S6" else {})  # its phosphorus atoms are bonded to each other
    amounts = host_structure(name).composition.get_el_amt_dict()
    assert sum(states[symbol] * amount for symbol, amount in amounts.items()) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", HOSTS)
def test_full_sites_of_hosts_keep_their_distance(name: str):
    structure = host_structure(name)
    structure.remove_sites([number for number, site in enumerate(structure) if site.species.num_atoms < 0.9])
    distances = structure.distance_matrix
    np.fill_diagonal(distances, np.inf)
    # The shortest bonds among them: Si-O, P-O and Al-O of 1.5 to 1.7 angstrom.
    assert 1.45 < distances.min() < 2.9
    cations = [number for number, site in enumerate(structure) if STATES[next(iter(site.species)).symbol] > 0]
    assert distances[np.ix_(cations, cations)].min() > 2.2


def test_an_unknown_host_lists_those_there_are():
    with pytest.raises(KeyError, match="there are Na3PS4"):
        host_cif("unobtainium")
