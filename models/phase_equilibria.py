"""Stability of compositions among known phases: energy above hull, window against an alkali metal, decomposition.

All energies are formation energies at 0 K. The potential of the alkali metal is counted from the metal, so a voltage
against it is minus that potential.
"""

from dataclasses import dataclass

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, N_ELEMENTS
from .cheapest_mixture import Mixtures, cheapest_mixtures
from .competition import Block, blocks
from .phases import Phases

ALKALI = ("Na", "Li", "K")
# Less of a product than this per atom of reactant is rounding, not a product.
TRACE = 1e-6
# A phase less than this above the hull is on it.
ON_HULL_EV_ATOM = 1e-8


@dataclass(frozen=True)
class Products:
    """What n compositions turn into: rows of `Phases` and their amounts, per atom of the composition.

    Parameters
    ----------
    phases : ndarray of shape (n, k), int
        -1 fills up.
    atoms : ndarray of shape (n, k)
        Atoms in each product per atom of the composition; 0 where there is none.
    """

    phases: np.ndarray
    atoms: np.ndarray

    @classmethod
    def empty(cls, n: int, k: int) -> "Products":
        """N rows without products."""
        return cls(np.full((n, k), -1, dtype=np.intp), np.zeros((n, k)))

    @classmethod
    def of(cls, phases: np.ndarray, atoms: np.ndarray) -> "Products":
        """Phases and their amounts, without traces; both (n, k)."""
        is_there = (atoms > TRACE) & (phases != -1)
        return cls(np.where(is_there, phases, -1), np.where(is_there, atoms, 0.0))

    def __getitem__(self, rows: np.ndarray) -> "Products":
        return Products(self.phases[rows], self.atoms[rows])

    def put(self, rows: np.ndarray, candidates: np.ndarray, mixtures: Mixtures, scale: np.ndarray) -> None:
        """Write mixtures of `candidates` (q, m), rows of `Phases`, divided by `scale` (q,), into `rows` (q,)."""
        is_phase = mixtures.basis < candidates.shape[1]
        phases = np.take_along_axis(candidates, np.where(is_phase, mixtures.basis, 0), axis=1)
        atoms = np.where(is_phase & (scale[:, None] > TRACE), mixtures.amounts / np.maximum(scale, TRACE)[:, None], 0.0)
        found = Products.of(phases, atoms)
        k = atoms.shape[1]
        self.phases[rows, :k], self.atoms[rows, :k] = found.phases, found.atoms


@dataclass(frozen=True)
class HullDistances:
    """Where n compositions lie with respect to the convex hull of all known phases.

    Parameters
    ----------
    own_energy : ndarray of shape (n,)
        Formation energy of the composition, eV/atom; NaN where none is known.
    competing_energy : ndarray of shape (n,)
        Lowest energy of a mixture of other phases at the composition, eV/atom.
    hull_energy : ndarray of shape (n,)
        Energy of the hull at the composition, eV/atom: the lower of the competing energy and of the known energies.
    energy_above_hull : ndarray of shape (n,)
        eV/atom, 0 for a stable phase; NaN where the own energy is not known.
    competing_phases : ndarray of shape (n,), int
        Compounds of the chemical system, its own included.
    products : Products
        The mixture of other phases.
    """

    own_energy: np.ndarray
    competing_energy: np.ndarray
    hull_energy: np.ndarray
    energy_above_hull: np.ndarray
    competing_phases: np.ndarray
    products: Products

    @classmethod
    def empty(cls, batch: CompositionBatch, own_energies: np.ndarray | None) -> "HullDistances":
        """Nothing known yet but the energies given."""
        n = len(batch)
        own = np.full(n, np.nan) if own_energies is None else np.array(own_energies, dtype=np.float64)
        if own.shape != (n,):
            raise ValueError(f"own_energies of shape {own.shape} for {n} compositions; give one for each")
        competing, hull, above = (np.full(n, np.nan) for _ in range(3))
        return cls(own, competing, hull, above, np.zeros(n, dtype=np.int64), Products.empty(n, _width(batch)))

    def put(self, block: Block, batch: CompositionBatch) -> tuple[np.ndarray, np.ndarray]:
        """Fill in a block's rows; return their fractions (n, k) and which phases are the composition itself (n, m)."""
        rows = block.rows
        k = block.elements.shape[1]
        fractions = block.local(batch.fractions)
        is_same = block.is_same(fractions)
        known = np.where(is_same, block.costs, np.inf).min(axis=1)
        known[np.isinf(known)] = np.nan
        is_same[:, :k] = False  # an element stays its own reference
        found = cheapest_mixtures(
            block.columns, np.where(is_same, np.inf, block.costs), fractions, _elements_first(*fractions.shape)
        )
        self.own_energy[rows] = np.where(np.isnan(self.own_energy[rows]), known, self.own_energy[rows])
        self.competing_energy[rows] = found.energies
        self.hull_energy[rows] = np.fmin(found.energies, np.fmin(known, self.own_energy[rows]))
        above = self.own_energy[rows] - self.hull_energy[rows]
        self.energy_above_hull[rows] = np.where(above < ON_HULL_EV_ATOM, 0.0, above)
        self.competing_phases[rows] = (block.phases >= N_ELEMENTS).sum(axis=1)
        self.products.put(rows, block.phases, found, np.ones(len(rows)))
        return fractions, is_same


@dataclass(frozen=True)
class Windows:
    """Stability windows of n compositions against an alkali metal.

    Parameters
    ----------
    alkali : str
        The metal.
    hull : HullDistances
    reduction_limit, oxidation_limit : ndarray of shape (n,)
        V against the metal. Below the first the composition takes alkali up, above the second it gives it off.
    reduction_products, oxidation_products : Products
        Phases just beyond each limit. Empty where the metal itself does not react.
    reduction_uptake, oxidation_loss : ndarray of shape (n,)
        Atoms of alkali taken up or given off per atom of the composition in that reaction.
    """

    alkali: str
    hull: HullDistances
    reduction_limit: np.ndarray
    oxidation_limit: np.ndarray
    reduction_products: Products
    oxidation_products: Products
    reduction_uptake: np.ndarray
    oxidation_loss: np.ndarray


def hull_distances(phases: Phases, batch: CompositionBatch, own_energies: np.ndarray | None = None) -> HullDistances:
    """Energy above the convex hull of compositions, and what they would decompose into.

    Parameters
    ----------
    phases : Phases
    batch : CompositionBatch
        n compositions; unreadable rows answer NaN.
    own_energies : ndarray of shape (n,), optional
        Formation energies of the compositions themselves, eV/atom; NaN takes the one in `phases`, if there is one.

    Examples
    --------
    >>> compounds = CompositionBatch.from_formulas(["Na2O", "Na2O2"])
    >>> phases = Phases.from_compounds(compounds.amounts, [-1.431, -1.324])
    >>> found = hull_distances(phases, CompositionBatch.from_formulas(["Na2O2", "NaO2"]), np.array([np.nan, -0.8]))
    >>> found.energy_above_hull.round(4).tolist(), found.competing_energy.round(4).tolist()
    ([0.0, 0.0827], [-1.0732, -0.8827])
    """
    found = HullDistances.empty(batch, own_energies)
    for block in blocks(phases, batch.amounts):
        found.put(block, batch)
    return found


def windows(
    phases: Phases, batch: CompositionBatch, alkali: str = "Na", own_energies: np.ndarray | None = None
) -> Windows:
    """Stability windows of compositions against an alkali metal, from the grand potential of the metal.

    The window is the range of voltages at which the equilibrium with a reservoir of the metal neither takes alkali up
    nor gives it off: at every voltage in it the stable phase stays as it is. A composition above the hull has no such
    range of its own; its energy is lowered onto the hull, and the limits are those of its decomposition products: they
    may coincide, when that mixture is an equilibrium at one voltage only. So is a composition without a known energy,
    whose true window may be wider.

    Parameters
    ----------
    phases : Phases
    batch : CompositionBatch
        n compositions. Rows that are unreadable or without the alkali answer NaN.
    alkali : {"Na", "Li", "K"}
    own_energies : ndarray of shape (n,), optional
        As in `hull_distances`.

    Raises
    ------
    ValueError
        If the alkali is none of the three.

    References
    ----------
    Ong et al., Chem. Mater. 20, 1798 (2008), 10.1021/cm702327g (grand potential phase diagrams);
    Zhu, He, Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), 10.1021/acsami.5b07517 (windows, also of phases above
    the hull).

    Examples
    --------
    NaCl from its enthalpy of formation, -411.2 kJ/mol: chlorine leaves at 411.2/96.485 V.

    >>> salt = CompositionBatch.from_formulas(["NaCl"])
    >>> found = windows(Phases.from_compounds(salt.amounts, [-411.2 / 96.485 / 2]), salt)
    >>> found.reduction_limit.round(3).tolist(), found.oxidation_limit.round(3).tolist()
    ([0.0], [4.262])
    """
    metal = index_of_alkali(alkali)
    n, width = len(batch), _width(batch)
    hull = HullDistances.empty(batch, own_energies)
    limits, exchanged = np.full((2, n), np.nan), np.full((2, n), np.nan)
    products = (Products.empty(n, width), Products.empty(n, width))
    for block in blocks(phases, batch.amounts):
        fractions, is_same = hull.put(block, batch)
        place = block.place_of(metal)
        has_both = (block.elements == metal).any(axis=1) & (block.elements.shape[1] > 1)
        rows, place = block.rows[has_both], place[has_both]
        fractions, is_same = fractions[has_both], is_same[has_both]
        # The composition itself is what reacts: its phase is used up, so it enters with the opposite sign.
        columns = np.concatenate([block.columns[has_both], -fractions[:, None, :]], axis=1)
        costs = np.where(is_same, np.inf, block.costs[has_both])
        costs = np.concatenate([costs, -hull.hull_energy[rows, None]], axis=1)
        for side, sign in enumerate((1.0, -1.0)):
            found, spent = _exchange(columns, costs, place, sign)
            limits[side, rows] = 0.0 - sign * found.energies
            with np.errstate(divide="ignore"):
                exchanged[side, rows] = np.where(spent > TRACE, 1.0 / spent, 0.0)
            products[side].put(rows, block.phases[has_both], found, spent)
    return Windows(alkali, hull, limits[0], limits[1], products[0], products[1], exchanged[0], exchanged[1])


def _exchange(columns: np.ndarray, costs: np.ndarray, place: np.ndarray, sign: float) -> tuple[Mixtures, np.ndarray]:
    """The cheapest reaction that takes up (sign +1) or gives off (-1) one atom of the alkali.

    Parameters
    ----------
    columns, costs : ndarray of shape (n, m + 1, k), (n, m + 1)
        The competing phases, and last the composition as it is used up.
    place : ndarray of shape (n,)
        Position of the alkali.

    Returns
    -------
    mixtures : Mixtures
        Its energy is the potential of the alkali (times the sign) at which the reaction begins.
    spent : ndarray of shape (n,)
        Atoms of the composition used up.
    """
    n, m, k = columns.shape
    each = np.arange(n)
    targets = np.zeros((n, k))
    targets[each, place] = sign
    basis = _elements_first(n, k)
    if sign < 0:  # start from full decomposition into the elements; the alkali's place is the composition's
        basis[each, place] = m - 1
    found = cheapest_mixtures(columns, costs, targets, basis)
    return found, np.where(found.basis == m - 1, found.amounts, 0.0).sum(axis=1)


def index_of_alkali(alkali: str) -> int:
    """Column of an alkali metal among the elements.

    Raises
    ------
    ValueError
        If it is not Na, Li or K.
    """
    if alkali not in ALKALI:
        raise ValueError(f"alkali={alkali!r}: choose one of {', '.join(ALKALI)}")
    return INDEX[alkali]


def _elements_first(n: int, k: int) -> np.ndarray:
    return np.tile(np.arange(k), (n, 1))


def _width(batch: CompositionBatch) -> int:
    # One more than any composition has elements: a profile adds its alkali.
    return int(np.diff(batch.amounts.indptr).max(initial=1)) + 1
