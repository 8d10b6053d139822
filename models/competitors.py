"""What the other known phases of its chemical system say about a composition that has not been computed yet."""

from typing import NamedTuple

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.elements import N_ELEMENTS
from .cheapest_mixture import Mixtures, cheapest_mixtures
from .competition import Block, blocks
from .phases import Phases

# Amounts below this are rounding, not products.
_TRACE = 1e-6


class Column(NamedTuple):
    """A column of `competitor_features`."""

    name: str
    meaning: str


COMPETITOR_COLUMNS = (
    Column("mixture_energy_eV_atom", "energy of the cheapest mixture of other phases"),
    Column("mixture_energy_fewer_elements_eV_atom", "the same of phases that lack an element of the composition"),
    Column("mixture_energy_binaries_eV_atom", "the same of phases of at most two elements"),
    Column("mixture_energy_second_eV_atom", "the same without the compound that makes up most of the mixture"),
    Column("products", "phases in the mixture"),
    Column("products_of_whole_system", "those among them with all elements of the composition"),
    Column("product_share_1", "largest share of a phase in the mixture, by atoms"),
    Column("product_share_2", "second largest"),
    Column("product_share_3", "third largest"),
    Column("product_entropy", "mixing entropy of those shares, in units of k_B"),
    Column("product_scatter", "mean squared distance of the products' fractions from the composition's"),
    Column("product_nearest", "the smallest of those squared distances"),
    Column("product_energy_highest_eV_atom", "highest energy of a product"),
    Column("product_energy_lowest_eV_atom", "lowest energy of a product"),
    Column("competitors", "other known compounds of the system"),
    Column("competitors_of_whole_system", "those among them with all its elements"),
    Column("competitor_nearest_distance", "sum of absolute differences in fractions from the nearest of them"),
    Column("competitor_nearest_energy_eV_atom", "energy of that one"),
    Column("competitor_lowest_energy_eV_atom", "lowest energy of any of them"),
)


def competitor_features(phases: Phases, batch: CompositionBatch) -> np.ndarray:
    """Describe each composition by the phases that compete with it, the composition itself left out.

    A phase with the composition of a row takes no part in the row's features, so a row that is one of `phases` gets
    the numbers it would get if it were unknown.

    Parameters
    ----------
    phases : Phases
        Known phases, of the training rows alone where the features are to be learned from.
    batch : CompositionBatch
        n compositions.

    Returns
    -------
    ndarray of shape (n, 19), float64
        Columns as in `COMPETITOR_COLUMNS`. NaN where a row has no composition or, in the columns of the competitors,
        where no compound competes.

    References
    ----------
    The energy against the cheapest mixture of other phases is the decomposition energy of Bartel et al. 2020,
    10.1038/s41524-020-00362-y.

    Examples
    --------
    NaAlCl4 would fall apart into NaCl and AlCl3, one part of six and two of three:

    >>> known = CompositionBatch.from_formulas(["NaCl", "AlCl3", "NaAlCl4"])
    >>> phases = Phases.from_compounds(known.amounts, [-2.13, -1.83, -1.99])
    >>> row = dict(zip([c.name for c in COMPETITOR_COLUMNS], competitor_features(phases, known[2])[0], strict=True))
    >>> [round(float(row[name]), 3) for name in ("mixture_energy_eV_atom", "product_share_1", "products")]
    [-1.93, 0.667, 2.0]
    """
    out = np.full((len(batch), len(COMPETITOR_COLUMNS)), np.nan)
    for block in blocks(phases, batch.amounts):
        found = _of_block(block, block.local(batch.fractions))
        out[block.rows] = np.column_stack([found[column.name] for column in COMPETITOR_COLUMNS])
    return out


def _of_block(block: Block, fractions: np.ndarray) -> dict[str, np.ndarray]:
    """Columns by name, each (n,), of compositions (n, k)."""
    n, k = fractions.shape
    each = np.arange(n)
    itself = _is_itself(block, fractions)
    costs = np.where(itself, np.inf, block.costs)
    size = (block.columns > 0).sum(axis=2)

    def cheapest(allowed: np.ndarray) -> Mixtures:
        start = np.tile(np.arange(k), (n, 1))
        return cheapest_mixtures(block.columns, np.where(allowed, costs, np.inf), fractions, start)

    mixture = cheapest(np.isfinite(costs))
    main = mixture.basis[each, mixture.amounts.argmax(axis=1)]
    without_main = np.isfinite(costs)
    compound = main >= k
    without_main[each[compound], main[compound]] = False
    fewer = cheapest(size < max(k, 2)).energies

    shares = np.clip(mixture.amounts, 0.0, None)
    used = shares > _TRACE
    largest = -np.sort(-np.pad(shares, ((0, 0), (0, max(0, 3 - k)))), axis=1)
    energy = np.take_along_axis(block.costs, mixture.basis, axis=1)
    of_products = np.take_along_axis(block.columns, mixture.basis[:, :, None], axis=1)
    apart = ((of_products - fractions[:, None, :]) ** 2).sum(axis=2)

    competes = (block.phases >= N_ELEMENTS) & ~itself
    distance = np.where(competes, np.abs(block.columns - fractions[:, None, :]).sum(axis=2), np.inf)
    nearest = distance.argmin(axis=1)
    any_competes = competes.any(axis=1)
    return {
        "mixture_energy_eV_atom": mixture.energies,
        "mixture_energy_fewer_elements_eV_atom": fewer,
        "mixture_energy_binaries_eV_atom": cheapest(size <= 2).energies if k > 3 else fewer,
        "mixture_energy_second_eV_atom": cheapest(without_main).energies,
        "products": used.sum(axis=1),
        "products_of_whole_system": (used & (np.take_along_axis(size, mixture.basis, axis=1) == k)).sum(axis=1),
        "product_share_1": largest[:, 0],
        "product_share_2": largest[:, 1],
        "product_share_3": largest[:, 2],
        "product_entropy": -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1),
        "product_scatter": (shares * apart).sum(axis=1),
        "product_nearest": np.where(used, apart, np.inf).min(axis=1),
        "product_energy_highest_eV_atom": np.where(used, energy, -np.inf).max(axis=1),
        "product_energy_lowest_eV_atom": np.where(used, energy, np.inf).min(axis=1),
        "competitors": competes.sum(axis=1),
        "competitors_of_whole_system": (competes & (size == k)).sum(axis=1),
        "competitor_nearest_distance": np.where(any_competes, distance[each, nearest], np.nan),
        "competitor_nearest_energy_eV_atom": np.where(any_competes, block.costs[each, nearest], np.nan),
        "competitor_lowest_energy_eV_atom": np.where(
            any_competes, np.where(competes, block.costs, np.inf).min(axis=1), np.nan
        ),
    }


def mixture_energies(phases: Phases, batch: CompositionBatch) -> np.ndarray:
    """Energy of the cheapest mixture of other phases, eV/atom, alone: the first column of `competitor_features`, (n,).

    Examples
    --------
    >>> known = CompositionBatch.from_formulas(["NaCl", "AlCl3", "NaAlCl4"])
    >>> phases = Phases.from_compounds(known.amounts, [-2.13, -1.83, -1.99])
    >>> mixture_energies(phases, known).round(3).tolist()
    [0.0, 0.0, -1.93]
    """
    out = np.full(len(batch), np.nan)
    for block in blocks(phases, batch.amounts):
        fractions = block.local(batch.fractions)
        costs = np.where(_is_itself(block, fractions), np.inf, block.costs)
        n, k = fractions.shape
        out[block.rows] = cheapest_mixtures(block.columns, costs, fractions, np.tile(np.arange(k), (n, 1))).energies
    return out


def _is_itself(block: Block, fractions: np.ndarray) -> np.ndarray:
    """Compounds of a row's own composition, (n, m); an element is its own reference and stays."""
    found = block.is_same(fractions)
    found[:, : fractions.shape[1]] = False
    return found
