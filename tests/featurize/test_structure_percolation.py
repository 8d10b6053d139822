"""Percolation is exact on its graph, grids converge, and the bond-valence potentials are those the field uses."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from ionscout.featurize.structure.bond_valence import bond_valence, site_energy
from ionscout.featurize.structure.bond_valence_parameters import bond_parameters
from ionscout.featurize.structure.crystal import Crystal
from ionscout.featurize.structure.grid import Grid
from ionscout.featurize.structure.hosts import host_structure
from ionscout.featurize.structure.periodic import merge_close, pairs_within, percolation_thresholds
from ionscout.featurize.structure.void import void


def thresholds_by_walking(n, first, second, shift, weight):
    """The same answer by walking every network at every level, noting each return to a node in another cell."""
    out = [np.inf] * 3
    for level in np.unique(weight):
        steps = [[] for _ in range(n)]
        for a, b, s, w in zip(first, second, shift, weight, strict=True):
            if w <= level:
                steps[a].append((b, tuple(s)))
                steps[b].append((a, tuple(-s)))
        cell: dict[int, tuple] = {}
        best = 0
        for start in range(n):
            if start in cell:
                continue
            cell[start] = (0, 0, 0)
            waiting, loops = deque([start]), [(0, 0, 0)]
            while waiting:
                node = waiting.popleft()
                for other, move in steps[node]:
                    there = tuple(np.add(cell[node], move))
                    if other not in cell:
                        cell[other] = there
                        waiting.append(other)
                    else:
                        loops.append(tuple(np.subtract(there, cell[other])))
            best = max(best, int(np.linalg.matrix_rank(np.array(loops))))
        for dimension in range(best):
            out[dimension] = min(out[dimension], level)
    return out


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 7), m=st.integers(1, 25))
def test_thresholds_are_those_found_by_walking(seed: int, n: int, m: int):
    random = np.random.default_rng(seed)
    first, second = random.integers(0, n, size=(2, m))
    shift = random.integers(-1, 2, size=(m, 3))
    weight = random.integers(0, 12, size=m).astype(float)  # ties included
    found = percolation_thresholds(n, first, second, shift, weight)
    assert found.tolist() == thresholds_by_walking(n, first, second, shift, weight)


def test_chains_in_different_directions_do_not_make_a_plane():
    first, second = np.array([[0, 1], [0, 1]])
    shift = np.array([[1, 0, 0], [0, 1, 0]])
    assert percolation_thresholds(2, first, second, shift, np.ones(2)).tolist() == [1, np.inf, np.inf]


def test_a_network_may_close_only_after_two_cells():
    first, second = np.array([0, 1]), np.array([1, 0])
    shift = np.array([[1, 0, 0], [1, 0, 0]])
    assert percolation_thresholds(2, first, second, shift, np.array([1.0, 2.0])).tolist() == [2, np.inf, np.inf]


@pytest.mark.parametrize("cutoff", [2.0, 6.5, 11.0])
def test_pairs_are_those_pymatgen_finds(cutoff: float):
    structure = host_structure("Na3PS4")
    pairs = pairs_within(structure.lattice.matrix, structure.frac_coords, structure.frac_coords, cutoff)
    centre, other, shift, distance = structure.get_neighbor_list(cutoff)
    ours = sorted(zip(pairs.centre, pairs.other, map(tuple, pairs.shift), pairs.distance.round(6), strict=True))
    theirs = sorted(zip(centre, other, map(tuple, shift.astype(int)), distance.round(6), strict=True))
    assert len(ours) == len(theirs)
    for mine, other_pair in zip(ours, theirs, strict=True):
        assert mine[:3] == other_pair[:3]
        assert mine[3] == pytest.approx(other_pair[3], abs=1e-5)


def test_close_positions_are_merged_across_the_cell_wall():
    positions = np.array([[0.01, 0, 0], [0.5, 0.5, 0.5], [0.99, 0, 0]])
    assert merge_close(np.eye(3) * 10, positions, 0.5).tolist() == [0, 1, 0]


def test_a_radial_function_is_summed_over_all_images():
    lattice = Lattice.from_parameters(3.1, 4.2, 5.3, 80, 95, 110).matrix
    grid = Grid.of(lattice, 0.7)
    field = np.zeros(len(grid.positions))
    grid.add_radial(field, np.array([0.13, 0.87, 0.4]), 6.0, lambda r: np.exp(-r))
    images = pairs_within(lattice, grid.positions, np.array([[0.13, 0.87, 0.4]]), 6.0)
    expected = np.bincount(images.centre, weights=np.exp(-images.distance), minlength=len(field))
    np.testing.assert_allclose(field, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("cation", "anion", "charge", "distance", "depth"),
    # Minimum (angstrom) and depth (eV) of softBV's own potentials, 10.1107/S2052520618015718.
    [
        ("Na", "O", -2, 2.374, 0.575),
        ("Na", "S", -2, 2.916, 0.631),
        ("Na", "Cl", -1, 2.748, 0.315),
        ("Li", "O", -2, 1.940, 0.988),
        ("Li", "S", -2, 2.410, 1.040),
        ("K", "O", -2, 2.766, 0.350),
    ],
)
def test_morse_potentials_are_near_those_of_softbv(cation, anion, charge, distance, depth):
    found = bond_parameters(cation, 1, anion, charge)
    assert found.minimum == pytest.approx(distance, rel=0.04)
    assert found.depth == pytest.approx(depth, rel=0.15)


def test_six_bonds_at_the_minimum_make_up_the_charge_of_sodium():
    found = bond_parameters("Na", 1, "Cl", -1)
    assert 6 * np.exp((found.length - found.minimum) / found.softness) == pytest.approx(1)


def test_pairs_without_entry_follow_from_the_elements():
    found = bond_parameters("Na", 1, "B", -3)
    assert 1.5 < found.length < 2.5
    assert found.softness == 0.37


def test_the_landscape_is_lowest_where_the_ions_are():
    structure = host_structure("NaAlCl4")
    crystal = Crystal.of(structure)
    grid = Grid.of(crystal.lattice, 0.3)
    energy = site_energy(crystal, grid)
    assert energy is not None
    lowest = grid.positions[[energy.argmin()]]
    sodium = crystal.positions[crystal.mobile_sites]
    assert pairs_within(crystal.lattice, lowest, sodium, 5.0).distance.min() < 0.8


def test_barriers_rise_with_the_number_of_directions():
    for name in ("Na3PS4", "NaAlCl4", "Na3AlF6"):
        crystal = Crystal.of(host_structure(name))
        barriers, radii = bond_valence(crystal), void(crystal)
        assert barriers["bond_valence_barrier_1d"] <= barriers["bond_valence_barrier_2d"]
        assert barriers["bond_valence_barrier_2d"] <= barriers["bond_valence_barrier_3d"]
        assert radii["largest_sphere_radius"] >= radii["percolation_radius_1d"] >= radii["percolation_radius_3d"]


@pytest.mark.parametrize("name", ["Na3PS4", "NaCl"])
def test_a_finer_grid_changes_little(name: str):
    crystal = Crystal.of(host_structure(name))
    for function in (void, bond_valence):
        coarse, fine = function(crystal), function(crystal, spacing=0.15)
        for key, value in fine.items():
            assert coarse[key] == pytest.approx(value, abs=0.08), key


def test_a_wider_cage_lets_larger_spheres_through():
    radii = []
    for edge in (5.6, 5.8, 6.0):
        salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(edge), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        radii.append(void(Crystal.of(salt))["percolation_radius_3d"])
    assert radii[0] < radii[1] < radii[2]
