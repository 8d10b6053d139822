"""Reactions between two solids in contact: at every mixing ratio, closed or open to an alkali reservoir."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from .cheapest_mixture import Mixtures, cheapest_mixtures
from .competition import Block, blocks
from .phase_equilibria import Products, index_of_alkali
from .phases import Phases
from .piecewise import concave_corners
from .voltage_profile import OpenSystem, with_element


@dataclass(frozen=True)
class InterfaceReaction:
    """Reaction of one pair along the mixing ratio, at the ratios where the products change.

    Parameters
    ----------
    fractions : ndarray of shape (s,)
        Share of the first solid in all atoms of the pair, ascending from 0 to 1.
    reaction_energies : ndarray of shape (s,)
        Energy of reaction, with the known energies of both solids (the hull's where none is known), eV/atom. An atom is
        one of the pair, or with an open reservoir one of the pair that is not the reservoir's.
    mutual_energies : ndarray of shape (s,)
        The same without what each solid would gain by decomposing alone.
    products : Products
        Products (s, k) and their atoms, per atom as above.
    uptake : ndarray of shape (s,)
        Atoms taken from the reservoir (negative: given to it) per atom as above; 0 in a closed system.
    """

    fractions: np.ndarray
    reaction_energies: np.ndarray
    mutual_energies: np.ndarray
    products: Products
    uptake: np.ndarray

    @property
    def worst(self) -> int:
        """Position of the ratio with the lowest reaction energy."""
        return int(np.argmin(np.round(self.reaction_energies, 9)))


@dataclass(frozen=True)
class _Pairs:
    """The pairs of a block, balanced over all elements or over all but the reservoir's.

    Atoms below are those balanced. `solve(rows, shares)` gives the cheapest mixture at a share of the first solid;
    `reservoir` (n, m) is what one unit of each phase holds of the reservoir's element.
    """

    first: np.ndarray
    second: np.ndarray
    own: np.ndarray
    scale: np.ndarray
    held: np.ndarray
    phases: np.ndarray
    reservoir: np.ndarray
    solve: Callable[[np.ndarray, np.ndarray], Mixtures]


def interface_reactions(
    phases: Phases,
    first: CompositionBatch,
    second: CompositionBatch,
    alkali: str | None = None,
    voltage: float | np.ndarray = 0.0,
) -> list[InterfaceReaction | None]:
    """Reactions of n pairs of solids.

    Parameters
    ----------
    phases : Phases
    first, second : CompositionBatch
        n pairs, such as electrolytes and electrodes.
    alkali : {"Na", "Li", "K"}, optional
        Element of a reservoir that both solids exchange with; closed if None.
    voltage : float or ndarray of shape (n,)
        Potential of that reservoir, V against the metal.

    Returns
    -------
    list of InterfaceReaction or None
        None where a composition could not be read, or where both are the reservoir's metal. With a reservoir, the
        reaction with the alkali metal itself is the decomposition of the other solid at that voltage: one row.

    Raises
    ------
    ValueError
        If the batches differ in length or a voltage is negative (the metal would plate).

    References
    ----------
    Richards, Miara, Wang, Kim, Ceder, Chem. Mater. 28, 266 (2016), 10.1021/acs.chemmater.5b04082.

    Examples
    --------
    >>> table = CompositionBatch.from_formulas(["Na2S", "CuS"])
    >>> phases = Phases.from_compounds(table.amounts, [-364.8 / 96.485 / 3, -53.1 / 96.485 / 2])
    >>> [found] = interface_reactions(phases, CompositionBatch.from_formulas(["CuS"]), CompositionBatch.coerce(["Na"]))
    >>> found.fractions.round(3).tolist(), found.reaction_energies.round(3).tolist()
    ([0.0, 0.5, 1.0], [0.0, -0.808, 0.0])
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} first and {len(second)} second compositions; give pairs")
    voltages = np.broadcast_to(np.asarray(voltage, dtype=np.float64), (len(first),))
    if alkali is not None and (voltages < 0).any():
        raise ValueError(f"voltage={voltages.min():g}: below 0 V the metal plates; give 0 or more")
    reactions: list[InterfaceReaction | None] = [None] * len(first)
    for block in blocks(phases, _systems(first, second, alkali)):
        if alkali is not None and block.elements.shape[1] == 1:
            continue  # both solids are the reservoir
        pairs = _pairs(block, first, second, alkali, voltages)
        for row, reaction in zip(block.rows, _reactions(pairs), strict=True):
            reactions[row] = reaction
    return reactions


def midpoint_energies(phases: Phases, first: CompositionBatch, second: CompositionBatch) -> np.ndarray:
    """Mutual reaction energy of n pairs mixed atom for atom, eV/atom; NaN where a composition could not be read.

    The energy along the mixing ratio is convex and 0 at both ends: pairs that do not react have 0 here, all others
    less, and nowhere does a pair gain more than twice this.
    """
    energies = np.full(len(first), np.nan)
    for block in blocks(phases, _systems(first, second, None)):
        pairs = _pairs(block, first, second, None, np.zeros(len(first)))
        rows = np.arange(len(block.rows))
        ends = pairs.solve(rows, np.ones(len(rows))).energies, pairs.solve(rows, np.zeros(len(rows))).energies
        middle = pairs.solve(rows, np.full(len(rows), 0.5)).energies
        energies[block.rows] = np.minimum(middle - 0.5 * (ends[0] + ends[1]), 0.0)
    return energies


def _systems(first: CompositionBatch, second: CompositionBatch, alkali: str | None) -> csr_array:
    """Elements of each pair, (n, 118); empty where one of the two could not be read."""
    systems = csr_array(first.amounts + second.amounts)
    readable = (first.is_readable & second.is_readable).astype(np.float64)
    systems = csr_array(systems.multiply(readable[:, None]))
    systems.eliminate_zeros()
    systems.sort_indices()
    return systems if alkali is None else with_element(systems, index_of_alkali(alkali))


def _pairs(
    block: Block, first: CompositionBatch, second: CompositionBatch, alkali: str | None, voltages: np.ndarray
) -> _Pairs:
    ends = np.stack([block.local(first.fractions), block.local(second.fractions)])
    known = np.stack([np.where(block.is_same(end), block.costs, np.inf).min(axis=1) for end in ends])
    own = np.where(np.isfinite(known), known, np.nan)
    n, k = ends.shape[1:]
    if alkali is None:

        def closed(rows: np.ndarray, shares: np.ndarray) -> Mixtures:
            targets = _mix(ends[0, rows], ends[1, rows], shares)
            return cheapest_mixtures(
                block.columns[rows], block.costs[rows], targets, np.tile(np.arange(k), (len(rows), 1))
            )

        nothing = np.zeros((2, n))
        return _Pairs(
            ends[0], ends[1], own, np.ones((2, n)), nothing, block.phases, np.zeros(block.phases.shape), closed
        )
    metal = index_of_alkali(alkali)
    system = OpenSystem.of(block, metal)
    volts = voltages[block.rows]
    held = ends[:, np.arange(n), block.place_of(metal)]
    balanced = ends.transpose(1, 2, 0)[block.elements != metal].reshape(n, k - 1, 2).transpose(2, 0, 1)
    scale = balanced.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        balanced, held, own = (
            np.nan_to_num(balanced / scale[:, :, None]),
            np.nan_to_num(held / scale),
            (own + volts * held) / scale,
        )

    def opened(rows: np.ndarray, shares: np.ndarray) -> Mixtures:
        return system.solve(rows, _mix(balanced[0, rows], balanced[1, rows], shares), volts[rows])

    return _Pairs(balanced[0], balanced[1], own, scale, held, system.phases, system.reservoir, opened)


def _mix(first: np.ndarray, second: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return shares[:, None] * first + (1.0 - shares[:, None]) * second


def _reactions(pairs: _Pairs) -> list[InterfaceReaction]:
    n = len(pairs.first)
    each = np.arange(n)
    # Nothing is left of the alkali metal once its reservoir is open: such a pair has one end only.
    is_pair = (pairs.scale[0] > 0) & (pairs.scale[1] > 0)
    low = np.where(pairs.scale[1] > 0, 0.0, 1.0)
    high = np.where(pairs.scale[0] > 0, 1.0, 0.0)

    def evaluate(rows: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = pairs.solve(rows, shares)
        slopes = (found.potentials * (pairs.first[rows] - pairs.second[rows])).sum(axis=1)
        return -found.energies, -slopes

    ends = concave_corners(evaluate, low, high)
    corners = [(shares if is_pair[row] else shares[:1]) for row, (shares, _) in enumerate(ends)]
    rows = np.repeat(each, [len(shares) for shares in corners])
    shares = np.concatenate(corners)
    found = pairs.solve(rows, shares)
    hull = np.stack([np.where(pairs.scale[1] > 0, -_end_value(ends, 0), 0.0), -_end_value(ends, -1)])[::-1]
    own = np.where(np.isnan(pairs.own) | (pairs.scale <= 0), hull, pairs.own)
    own = np.nan_to_num(np.maximum(own, hull))
    mutual = found.energies - _between(hull, rows, shares)
    total = found.energies - _between(own, rows, shares)
    candidates = np.take_along_axis(pairs.phases[rows], found.basis, axis=1)
    products = Products.of(candidates, found.amounts)
    gained = (found.amounts * np.take_along_axis(pairs.reservoir[rows], found.basis, axis=1)).sum(axis=1)
    uptake = gained - _between(pairs.held, rows, shares)
    uptake[np.abs(uptake) < 1e-9] = 0.0
    return [
        InterfaceReaction(
            _share_of_atoms(shares[rows == row], pairs.scale[:, row]),
            np.minimum(total[rows == row], 0.0),
            np.minimum(mutual[rows == row], 0.0),
            products[rows == row],
            uptake[rows == row],
        )
        for row in each
    ]


def _end_value(ends: list[tuple[np.ndarray, np.ndarray]], end: int) -> np.ndarray:
    """Value of each function at its first (0) or last (-1) corner, (n,)."""
    return np.array([values[end] for _, values in ends])


def _between(pair: np.ndarray, rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return shares * pair[0, rows] + (1.0 - shares) * pair[1, rows]


def _share_of_atoms(shares: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Share of the first solid in all atoms, from its share in the balanced ones."""
    if not scale.all():
        return shares
    return shares * scale[1] / (shares * scale[1] + (1.0 - shares) * scale[0])
