"""What a composition turns into at every voltage against an alkali metal, and how much energy that sets free."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from .cheapest_mixture import Mixtures, cheapest_mixtures
from .competition import Block, blocks
from .phase_equilibria import HullDistances, Products, index_of_alkali
from .phases import Phases
from .piecewise import concave_corners

# Marks the composition itself among products: an energy given for it need not be in the table.
ITSELF = -2


@dataclass(frozen=True)
class VoltageProfile:
    """Equilibrium of one composition with a reservoir of alkali metal, from the lowest to the highest voltage.

    Parameters
    ----------
    voltages : ndarray of shape (s + 1,)
        Ends of the s steps, V against the metal, ascending.
    decomposition_energies : ndarray of shape (s + 1,)
        Energy of decomposition at these voltages, eV per atom of the composition; never positive, 0 where the
        composition is stable, linear in between.
    products : Products
        Products of each step (s, k); the phase `ITSELF` where the composition stays.
    uptake : ndarray of shape (s,)
        Atoms of alkali taken up (negative: given off) per atom of the composition.
    """

    voltages: np.ndarray
    decomposition_energies: np.ndarray
    products: Products
    uptake: np.ndarray

    def energy_at(self, voltages: ArrayLike) -> np.ndarray:
        """Decomposition energy at any voltages within the range, eV/atom."""
        return np.asarray(np.interp(np.asarray(voltages), self.voltages, self.decomposition_energies))


@dataclass(frozen=True)
class OpenSystem:
    """Programmes of a block in equilibrium with a reservoir of one element, which is balanced no more.

    Parameters
    ----------
    phases : ndarray of shape (n, m)
        Rows of `Phases`, -1 for none.
    columns : ndarray of shape (n, m, k - 1)
        Atoms of the other elements in one atom of each phase.
    costs : ndarray of shape (n, m)
        Energies of the phases, eV/atom.
    reservoir : ndarray of shape (n, m)
        Atoms of the reservoir's element in one atom of each phase.
    """

    phases: np.ndarray
    columns: np.ndarray
    costs: np.ndarray
    reservoir: np.ndarray

    @classmethod
    def of(cls, block: Block, element: int) -> "OpenSystem":
        """Take the balance of `element` out of a block, all rows of which have it."""
        n, m, k = block.columns.shape
        others = block.elements != element
        columns = block.columns.transpose(0, 2, 1)[others].reshape(n, k - 1, m).transpose(0, 2, 1)
        place = block.place_of(element)
        reservoir = block.columns[np.arange(n), :, place]
        costs = block.costs.copy()
        costs[np.arange(n), place] = np.inf  # the element itself is the reservoir
        return cls(block.phases, columns, costs, reservoir)

    def solve(self, rows: np.ndarray, targets: np.ndarray, voltages: np.ndarray) -> Mixtures:
        """Cheapest mixtures holding `targets` (q, k - 1), in the rows given, at these voltages (q,)."""
        q, k = targets.shape
        # The elements head the phases, the reservoir's among them: it is left out of the start.
        places = np.tile(np.arange(k + 1), (q, 1))
        basis = places[np.isfinite(self.costs[rows, : k + 1])].reshape(q, k)
        costs = self.costs[rows] + voltages[:, None] * self.reservoir[rows]
        return cheapest_mixtures(self.columns[rows], costs, targets, basis)


def voltage_profiles(
    phases: Phases,
    batch: CompositionBatch,
    alkali: str = "Na",
    own_energies: np.ndarray | None = None,
    voltage_range: tuple[float, float] = (0.0, 5.0),
) -> list[VoltageProfile | None]:
    """Decomposition of compositions as a function of voltage.

    Parameters
    ----------
    phases : Phases
    batch : CompositionBatch
        n compositions.
    alkali : {"Na", "Li", "K"}
    own_energies : ndarray of shape (n,), optional
        As in `phase_equilibria.hull_distances`. Where none is known the composition is taken to lie on the hull.
    voltage_range : (float, float)
        V against the metal; below 0 V the metal would plate.

    Returns
    -------
    list of VoltageProfile or None
        None for rows that cannot be read or hold nothing but the alkali.

    Raises
    ------
    ValueError
        If the range is empty or begins below 0 V.

    References
    ----------
    Zhu, He, Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), 10.1021/acsami.5b07517.

    Examples
    --------
    >>> salt = CompositionBatch.from_formulas(["NaCl"])
    >>> [profile] = voltage_profiles(Phases.from_compounds(salt.amounts, [-411.2 / 96.485 / 2]), salt)
    >>> profile.voltages.round(3).tolist(), profile.decomposition_energies.round(3).tolist()
    ([0.0, 4.262, 5.0], [0.0, 0.0, -0.369])
    """
    low, high = voltage_range
    if not 0 <= low < high:
        raise ValueError(f"voltage_range={voltage_range}: give two voltages, 0 <= low < high")
    metal = index_of_alkali(alkali)
    hull = HullDistances.empty(batch, own_energies)
    profiles: list[VoltageProfile | None] = [None] * len(batch)
    for block in blocks(phases, with_element(batch.amounts, metal)):
        if block.elements.shape[1] < 2:
            continue
        fractions, is_same = hull.put(block, batch)
        for row, profile in zip(block.rows, _profiles(block, fractions, is_same, hull, metal, low, high), strict=True):
            profiles[row] = profile
    return profiles


def _profiles(
    block: Block,
    fractions: np.ndarray,
    is_same: np.ndarray,
    hull: HullDistances,
    metal: int,
    low: float,
    high: float,
) -> list[VoltageProfile]:
    n, k = fractions.shape
    each = np.arange(n)
    alkali = fractions[each, block.place_of(metal)]
    targets = fractions[block.elements != metal].reshape(n, k - 1)
    hull_energy = hull.hull_energy[block.rows]
    own = np.where(np.isnan(hull.own_energy[block.rows]), hull_energy, hull.own_energy[block.rows])
    system = OpenSystem.of(block, metal)
    system.costs[is_same] = np.inf
    # The composition itself competes with the lowest energy known for it, unless a mixture of others is lower still.
    alone = np.where(hull_energy < hull.competing_energy[block.rows], hull_energy, np.inf)
    system = OpenSystem(
        np.concatenate([system.phases, np.full((n, 1), ITSELF)], axis=1),
        np.concatenate([system.columns, targets[:, None, :]], axis=1),
        np.concatenate([system.costs, alone[:, None]], axis=1),
        np.concatenate([system.reservoir, alkali[:, None]], axis=1),
    )

    def evaluate(rows: np.ndarray, voltages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = system.solve(rows, targets[rows], voltages)
        held = (found.amounts * np.take_along_axis(system.reservoir[rows], found.basis, axis=1)).sum(axis=1)
        return found.energies - own[rows] - voltages * alkali[rows], held - alkali[rows]

    corners = concave_corners(evaluate, np.full(n, low), np.full(n, high))
    steps = np.repeat(each, [len(voltages) - 1 for voltages, _ in corners])
    middles = np.concatenate([0.5 * (voltages[1:] + voltages[:-1]) for voltages, _ in corners])
    found = system.solve(steps, targets[steps], middles)
    products = Products.of(np.take_along_axis(system.phases[steps], found.basis, axis=1), found.amounts)
    held = (found.amounts * np.take_along_axis(system.reservoir[steps], found.basis, axis=1)).sum(axis=1)
    uptake = held - alkali[steps]
    uptake[np.abs(uptake) < 1e-9] = 0.0
    return [
        VoltageProfile(voltages, np.minimum(energies, 0.0), products[steps == row], uptake[steps == row])
        for row, (voltages, energies) in enumerate(corners)
    ]


def with_element(amounts: csr_array, element: int) -> csr_array:
    """The systems (n, 118) of non-empty rows with one more element."""
    pattern = amounts.tolil(copy=True)
    pattern[np.flatnonzero(np.diff(amounts.indptr)), element] = 1.0
    systems = csr_array(pattern)
    systems.sort_indices()
    return systems
