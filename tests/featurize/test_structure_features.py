"""Features of crystal structures: right on ordered crystals, defined on disordered ones, the same in every setting."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.local_env import CrystalNN
from pymatgen.core import Lattice, Structure
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from ionscout.featurize.structure.batch import StructureBatch
from ionscout.featurize.structure.crystal import Crystal
from ionscout.featurize.structure.doping import dope
from ionscout.featurize.structure.features import (
    GROUPS,
    StructureFeatures,
    describe_structure_features,
    structure_features,
)
from ionscout.featurize.structure.hosts import HOSTS, host_cif, host_structure

NAMES = list(describe_structure_features())
ON_GRID = [name for group in ("void", "bond_valence") for name in GROUPS[group].columns]
EXACT = [name for name in NAMES if name not in ON_GRID]
ORDERED = ["Na3PS4", "NaAlCl4", "Na3AlF6", "Na4Zr2Si3O12", "NaCl"]


def features_of(structure: Structure, **parameters) -> pd.Series:
    table = structure_features(structure, **parameters)
    assert table.errors[0] is None
    return pd.Series(table.matrix[0], index=table.names)


def bcc_like(mobile: str = "Li", spacing: float = 4.0) -> Structure:
    """Anions body-centred, two mobile ions on the twelve tetrahedral places (as alpha-AgI)."""
    species: list = [{mobile: 1 / 6}, "I"]
    return Structure.from_spacegroup("Im-3m", Lattice.cubic(spacing), species, [[0.25, 0, 0.5], [0, 0, 0]])


@pytest.mark.parametrize("name", ORDERED)
def test_density_and_packing_are_matminers(name: str):
    from matminer.featurizers.structure import DensityFeatures

    structure = host_structure(name)
    found = features_of(structure, groups=["geometry"])
    density, volume, packing = DensityFeatures().featurize(structure)
    assert found["density_g_cm3"] == pytest.approx(density, rel=1e-4)
    assert found["volume_per_atom"] == pytest.approx(volume, rel=1e-4)
    # matminer's packing fraction multiplies by the cell's atoms of one kind, with radii from the same table.
    assert found["atomic_packing_fraction"] == pytest.approx(packing, rel=1e-3)


@pytest.mark.parametrize("name", ORDERED)
def test_coordination_is_near_crystalnn(name: str):
    structure = host_structure(name)
    structure.add_oxidation_state_by_guess()
    finder = CrystalNN(weighted_cn=False)
    sites = [number for number, site in enumerate(structure) if site.specie.symbol == "Na"]
    anions = {"S", "Cl", "F", "O"}
    theirs = [
        sum(neighbour["site"].specie.symbol in anions for neighbour in finder.get_nn_info(structure, number))
        for number in sites
    ]
    ours = features_of(structure, groups=["coordination"])
    assert ours["coordination_number"] == pytest.approx(np.mean(theirs), abs=1.2)


def test_a_second_shell_not_far_away_counts_in_part():
    # Sodium in beta-alumina: six oxygens at 2.87 angstrom, which CrystalNN counts, and three at 3.22, which it drops.
    found = features_of(host_structure("NaAl11O17"), groups=["coordination"])
    assert 6 < found["coordination_number"] < 9
    assert found["bond_length_shortest"] == pytest.approx(2.874, abs=2e-3)


@pytest.mark.parametrize("name", ORDERED)
def test_bonds_and_hops_are_those_pymatgen_measures(name: str):
    structure = host_structure(name)
    sodium = structure.copy()
    sodium.remove_species([element for element in structure.symbol_set if element != "Na"])
    nearest = [min(n.nn_distance for n in sodium.get_neighbors(site, 8)) for site in sodium]
    found = features_of(structure, groups=["hops", "coordination"])
    assert found["hop_distance"] == pytest.approx(np.mean(nearest), abs=2e-3)
    bonds = [
        min(n.nn_distance for n in structure.get_neighbors(site, 5) if n.specie.symbol in {"S", "Cl", "F", "O"})
        for site in structure
        if site.specie.symbol == "Na"
    ]
    assert found["bond_length_shortest"] == pytest.approx(min(bonds), abs=2e-3)


def test_symmetry_is_that_of_the_source():
    numbers = {name: features_of(host_structure(name), groups=["symmetry"])["space_group"] for name in ORDERED}
    assert numbers == {"Na3PS4": 114, "NaAlCl4": 19, "Na3AlF6": 14, "Na4Zr2Si3O12": 167, "NaCl": 225}


@pytest.mark.parametrize("name", HOSTS)
def test_every_host_has_a_full_row(name: str):
    table = structure_features(host_structure(name))
    assert table.errors.tolist() == [None]
    assert np.isfinite(table.matrix).all()


def test_rock_salt_has_its_textbook_numbers():
    found = features_of(host_structure("NaCl"))
    edge = 5.6402
    assert found["coordination_number"] == pytest.approx(6, abs=1e-6)
    assert found["bond_length"] == pytest.approx(edge / 2, abs=1e-4)
    assert found["hop_distance_3d"] == pytest.approx(edge / np.sqrt(2), abs=1e-4)
    assert found["hop_shared_anions"] == pytest.approx(2, abs=1e-6)  # octahedra share edges
    assert found["anion_fcc_score"] == pytest.approx(1, abs=1e-6)
    assert found["bond_valence_sum"] == pytest.approx(1, abs=0.05)
    # The window of a close packing: the middle of a triangle of chlorides.
    window = edge / np.sqrt(2) / np.sqrt(3) - 1.81
    assert found["percolation_radius_3d"] == pytest.approx(window, abs=0.15)
    assert found["largest_sphere_radius"] == pytest.approx(edge / 2 - 1.81, abs=0.02)


def test_anion_packings_are_told_apart():
    hexagonal = Structure.from_spacegroup(
        "P6_3/mmc", Lattice.hexagonal(4.0, 4.0 * np.sqrt(8 / 3)), ["I", "Li"], [[1 / 3, 2 / 3, 0.25], [0, 0, 0]]
    )
    cases = {"bcc": bcc_like(), "fcc": host_structure("NaCl"), "hcp": hexagonal}
    for name, structure in cases.items():
        scores = features_of(structure, groups=["anions"])
        assert scores[f"anion_{name}_score"] == pytest.approx(1, abs=1e-6)
        assert all(scores[f"anion_{other}_score"] < 0.5 for other in cases if other != name)


def test_a_layer_conducts_in_two_directions_and_a_channel_in_one():
    layered = Structure(
        Lattice.orthorhombic(4, 4, 14),
        ["Na", "Cl", "Cl", "Zr", "Zr"],
        [[0, 0, 0.5], [0.5, 0.5, 0.28], [0.5, 0.5, 0.72], [0, 0, 0.1], [0, 0, 0.9]],
    )
    found = features_of(layered, groups=["bond_valence", "hops"])
    assert found["bond_valence_dimensions"] == 2
    assert found["hop_distance_1d"] == pytest.approx(4)
    assert found["hop_distance_3d"] == pytest.approx(14)


def test_split_positions_are_one_place():
    whole = Structure(Lattice.cubic(5), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    halves: list = [{"Na": 0.5}, {"Na": 0.5}, "Cl"]
    split = Structure(Lattice.cubic(5), halves, [[0.03, 0, 0], [-0.03, 0, 0], [0.5, 0.5, 0.5]])
    one, two = (features_of(structure, groups=["sites", "hops"]) for structure in (whole, split))
    alike = [
        "mobile_site_occupancy",
        "mobile_ion_density",
        "mobile_vacancies_per_ion",
        "hop_distance",
        "hop_distance_3d",
    ]
    for name in alike:
        assert two[name] == pytest.approx(one[name], abs=1e-6)


def test_partial_occupancies_weigh():
    found = features_of(bcc_like())
    assert found["mobile_site_occupancy"] == pytest.approx(1 / 6)
    assert found["mobile_vacancies_per_ion"] == pytest.approx(5)
    assert found["hop_face_sharing"] == pytest.approx(1)  # tetrahedra of a body-centred packing share faces
    assert found["coordination_number"] == pytest.approx(4, abs=1e-6)


def test_trace_dopants_hardly_move_a_continuous_feature():
    host = host_structure("Na3PS4")
    transformer = StructureFeatures()
    rows = transformer.transform([host, dope(host, "P", "W", 1e-4, -1e-4), dope(host, "P", "W", 1e-2, -1e-2)])
    continuous = transformer.continuous_features()
    tiny, small = np.abs(rows[1:] - rows[0])[:, continuous]
    scale = np.maximum(np.abs(rows[0][continuous]), 0.05)
    assert (tiny / scale).max() < 0.02
    assert np.median(tiny / scale) <= 0.02 * np.median(small / scale) + 1e-6


TRANSFORMATIONS = {
    "supercell": lambda s: s.make_supercell([[2, 0, 0], [0, 1, 0], [0, 0, 1]], in_place=False),
    "sheared cell": lambda s: s.make_supercell([[1, 1, 0], [0, 1, 1], [0, 0, 1]], in_place=False, to_unit_cell=True),
    "primitive cell": lambda s: s.get_primitive_structure(),
    "shifted origin": lambda s: Structure(s.lattice, s.species_and_occu, s.frac_coords + np.array([0.13, 0.29, 0.41])),
    "reversed sites": lambda s: Structure.from_sites(list(s)[::-1]),
    "turned": lambda s: Structure(
        Lattice(s.lattice.matrix @ np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0]),
        s.species_and_occu,
        s.frac_coords,
    ),
}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *((name, change) for name in ("Na2.9375PS3.9375Cl0.0625", "NaAlCl4") for change in TRANSFORMATIONS),
        ("Na3PS4", "supercell"),
        ("Na3BiP2O8", "sheared cell"),
    ],
)
def test_settings_and_supercells_give_the_same(name: str, change: str):
    structure = host_structure(name)
    before, after = features_of(structure), features_of(TRANSFORMATIONS[change](structure))
    np.testing.assert_allclose(after[EXACT], before[EXACT], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(after[ON_GRID], before[ON_GRID], rtol=0.01, atol=0.02)


@settings(max_examples=15, deadline=None)
@given(
    noise=st.integers(0, 1000),
    size=st.floats(0.001, 0.01),
)
def test_small_displacements_move_exact_continuous_features_a_little(noise: int, size: float):
    structure = host_structure("NaAlCl4")
    steps = np.random.default_rng(noise).normal(scale=size, size=(len(structure), 3))
    moved = Structure(structure.lattice, structure.species, structure.cart_coords + steps, coords_are_cartesian=True)
    groups = ["geometry", "coordination", "anions"]
    before, after = features_of(structure, groups=groups), features_of(moved, groups=groups)
    changing = [name for name in before.index if not name.endswith("_score")]
    assert (after[changing] - before[changing]).abs().max() < 40 * size
    scores = [name for name in before.index if name.endswith("_score")]
    assert (after[scores] - before[scores]).abs().max() < 40 * size


def test_bad_rows_keep_their_place():
    good = host_cif("NaAlCl4")
    table = structure_features([good, "data_x", good, None])
    assert [error is None for error in table.errors] == [True, False, True, False]
    np.testing.assert_array_equal(table.matrix[0], table.matrix[2])
    assert np.isnan(table.matrix[[1, 3]]).all()


def test_a_crystal_without_mobile_ion_says_so_and_keeps_the_rest():
    table = structure_features(Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Sr", "Ti", "O"], PEROVSKITE))
    found = pd.Series(table.matrix[0], index=table.names)
    assert table.errors[0] == "no ion known to move in O-Ti-Sr; the mobile ion's features are missing"
    assert np.isfinite(found["density_g_cm3"])
    assert np.isnan(found["coordination_number"])


PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


def test_metals_and_single_atoms_have_reasons_not_exceptions():
    sodium = Structure(Lattice.cubic(4.3), ["Na", "Na"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    table = structure_features([sodium, Structure(Lattice.cubic(10), ["He"], [[0, 0, 0]])])
    assert "no anion in Na" in table.errors[0]
    assert "no ion known to move" in table.errors[1]


def test_a_named_ion_moves_and_others_are_framework():
    both = Structure(Lattice.cubic(5), ["Na", "Li", "S"], [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5]])
    sodium, lithium = (features_of(both, mobile_ion=ion, groups=["coordination"]) for ion in ("Na", "Li"))
    assert sodium["bond_length"] > lithium["bond_length"]
    with pytest.raises(ValueError, match="mobile_ion must be 'auto'"):
        StructureFeatures(mobile_ion="Xx").fit([])


def test_groups_are_checked_and_select_columns():
    assert StructureFeatures(groups="geometry").transform([host_cif("NaCl")]).shape == (1, 6)
    with pytest.raises(ValueError, match="groups must be 'all' or some of geometry"):
        StructureFeatures(groups=["gemoetry"]).fit([])


def test_every_column_is_described_once():
    assert len(NAMES) == len(set(NAMES)) == sum(len(group.columns) for group in GROUPS.values())
    crystal = Crystal.of(host_structure("Na3PS4"))
    for group in GROUPS.values():
        assert list(group.compute(crystal)) == list(group.columns)


@pytest.mark.filterwarnings("ignore:Can't test estimator")  # scikit-learn's own checks feed numbers, not structures
def test_estimator_checks():
    check_estimator(StructureFeatures(groups="geometry"))


def test_scikit_learn_can_handle_the_transformer():
    transformer = StructureFeatures(groups=["geometry", "symmetry"], dtype="float32")
    copy: StructureFeatures = clone(transformer)  # type: ignore[assignment]
    again = pickle.loads(pickle.dumps(copy.fit([])))
    cifs = [host_cif(name) for name in HOSTS]
    matrix = again.transform(cifs)
    assert matrix.dtype == np.float32
    frame = transformer.set_output(transform="pandas").transform(cifs)
    assert list(frame.columns) == again.get_feature_names_out().tolist()
    columns = ColumnTransformer([("structure", StructureFeatures(groups="geometry"), "structure")])
    pipeline = make_pipeline(columns, SimpleImputer(), Ridge())
    table = pd.DataFrame({"structure": [*cifs, None]})
    assert pipeline.fit(table, np.arange(len(table))).predict(table).shape == (len(table),)


@pytest.fixture(scope="module")
def obelix(external_data: Path) -> StructureBatch:
    archive = external_data / "obelix" / "all_cifs.zip"
    if not archive.is_file():
        pytest.skip(f"{archive} is not on this machine")
    with zipfile.ZipFile(archive) as files:
        names = sorted(name for name in files.namelist() if name.endswith(".cif"))
        # All 321 are read by benchmarks/structure.py.
        return StructureBatch.coerce([files.read(name).decode() for name in names[::4]])


def test_measured_structures_can_be_read(obelix: StructureBatch):
    assert len(obelix) == 81
    assert obelix.is_readable.all()


def test_measured_structures_give_full_rows_or_a_reason(obelix: StructureBatch):
    sample = obelix[::4]
    table = structure_features(sample)
    full = np.isfinite(table.matrix).all(axis=1)
    for row in np.flatnonzero(~full):
        assert table.errors[row] is not None, json.dumps(sample.compositions.formulas[row])
    assert full.mean() > 0.9
