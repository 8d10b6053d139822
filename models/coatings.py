"""Coatings: known stable phases that react with neither side of an interface that reacts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, N_ELEMENTS
from .interface_reactions import interface_reactions, midpoint_energies
from .phase_equilibria import Windows, index_of_alkali, windows
from .phases import Phases

# No stable isotope, or a gas that forms no solid worth coating with.
RADIOACTIVE = ("Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Pa", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Th", "U")
_CHUNK = 2_000


@dataclass(frozen=True)
class Coatings:
    """Phases that are stable against both sides, in the order of the candidates.

    Parameters
    ----------
    phases : ndarray of shape (n,), int
        Rows of `Phases`.
    energies : ndarray of shape (n, 2)
        Worst mutual reaction energy with the first and the second side, eV/atom, never positive.
    windows : Windows
        Their own windows.
    """

    phases: np.ndarray
    energies: np.ndarray
    windows: Windows


def stable_coatings(
    phases: Phases,
    first: CompositionBatch,
    second: CompositionBatch,
    alkali: str = "Na",
    *,
    tolerance: float = 0.0,
    exclude: Iterable[str] = RADIOACTIVE,
    voltage_range: tuple[float, float] | None = None,
) -> Coatings:
    """Known phases that conduct by the same ion and react with neither side.

    Parameters
    ----------
    phases : Phases
    first, second : CompositionBatch
        One composition each: the two sides, such as electrolyte and cathode.
    alkali : {"Na", "Li", "K"}
        A coating must contain it, lie on the hull and not be the element.
    tolerance : float
        Largest gain of a mutual reaction that still counts as stable, eV/atom.
    exclude : iterable of str
        Elements that a coating must not contain.
    voltage_range : (float, float), optional
        Voltages against the metal that the coating's own window must hold.

    Raises
    ------
    ValueError
        If the two sides are not one readable composition each.

    Examples
    --------
    >>> table = CompositionBatch.from_formulas(["NaCl", "Na2S", "Na3P", "Na3PS4"])
    >>> phases = Phases.from_compounds(table.amounts, [-2.13, -1.26, -0.35, -1.05])
    >>> one = CompositionBatch.from_formulas
    >>> found = stable_coatings(phases, one(["Na3PS4"]), one(["Na"]))
    >>> phases.formulas_of(found.phases).tolist()
    ['NaCl', 'Na2S']
    """
    sides = CompositionBatch.concat([first, second])
    if len(sides) != 2:
        raise ValueError(f"{len(first)} first and {len(second)} second compositions; give one of each")
    sides.raise_errors()
    rows = _candidates(phases, index_of_alkali(alkali), [INDEX[symbol] for symbol in exclude])
    found = windows(phases, _batch(phases, rows), alkali)
    keep = found.hull.energy_above_hull <= 0
    if voltage_range is not None:
        keep &= (found.reduction_limit <= voltage_range[0]) & (found.oxidation_limit >= voltage_range[1])
    rows = rows[keep]
    for side in (first, second):
        # No ratio gains more than twice what equal shares do, so the middle settles nearly all pairs.
        parts = [_midpoints(phases, rows[start : start + _CHUNK], side) for start in range(0, len(rows), _CHUNK)]
        rows = rows[np.concatenate([*parts, np.empty(0)]) >= -tolerance - 1e-8]
    energies = np.stack([_worst(phases, rows, side) for side in (first, second)], axis=1)
    stable = (energies >= -tolerance - 1e-8).all(axis=1)
    rows, energies = rows[stable], energies[stable]
    return Coatings(rows, energies, windows(phases, _batch(phases, rows), alkali))


def _candidates(phases: Phases, metal: int, excluded: list[int]) -> np.ndarray:
    holds = phases.amounts.tocsc()[:, [metal, *excluded]].toarray() > 0
    suits = holds[:, 0] & ~holds[:, 1:].any(axis=1)
    suits[:N_ELEMENTS] = False
    return np.flatnonzero(suits)


def _batch(phases: Phases, rows: np.ndarray) -> CompositionBatch:
    return CompositionBatch.from_matrix(csr_array(phases.amounts[rows]))


def _repeated(side: CompositionBatch, times: int) -> CompositionBatch:
    return side.take(np.zeros(times, dtype=np.intp))


def _midpoints(phases: Phases, rows: np.ndarray, side: CompositionBatch) -> np.ndarray:
    return midpoint_energies(phases, _batch(phases, rows), _repeated(side, len(rows)))


def _worst(phases: Phases, rows: np.ndarray, side: CompositionBatch) -> np.ndarray:
    reactions = interface_reactions(phases, _batch(phases, rows), _repeated(side, len(rows)))
    return np.array([np.nan if r is None else r.mutual_energies.min() for r in reactions])
