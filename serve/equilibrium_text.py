"""Phase equilibria in words: formulas, amounts and reactions as a chemist writes them."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from ..featurize.elements import N_ELEMENTS
from ..featurize.writing import format_formulas
from ..models.phase_equilibria import Products
from ..models.phases import Phases
from ..models.voltage_profile import ITSELF

_INTEGER = 1e-6


def written_products(
    phases: Phases, products: Products, atoms: np.ndarray, itself: Sequence[str] | None = None
) -> list[list[tuple[float, str]]]:
    """Amounts and formulas of products.

    Parameters
    ----------
    phases : Phases
    products : Products
        n rows.
    atoms : ndarray of shape (n,)
        Atoms of what the amounts shall count for, such as the atoms in one formula unit of the composition.
    itself : list of str of length n, optional
        Formulas for the phase `ITSELF`, whose formula units have `atoms` atoms.

    Returns
    -------
    list of lists of (amount, formula)
        Largest share of atoms first.
    """
    rows = np.unique(products.phases[products.phases >= 0])
    formulas, sizes = reduced_formulas(phases, rows)
    where = {int(row): place for place, row in enumerate(rows)}
    written = []
    order = np.argsort(-products.atoms, axis=1, kind="stable")
    for n, places in enumerate(order.tolist()):
        parts = []
        for place in places:
            phase, share = int(products.phases[n, place]), float(products.atoms[n, place])
            if phase == ITSELF:
                parts.append((share, itself[n] if itself is not None else "itself"))
            elif phase >= 0:
                parts.append((share * float(atoms[n]) / sizes[where[phase]], formulas[where[phase]]))
        written.append(parts)
    return written


def reduced_formulas(phases: Phases, rows: np.ndarray) -> tuple[list[str], list[float]]:
    """Formulas of phases with the smallest whole numbers, and the atoms in one; elements as molecules (O2)."""
    if not len(rows):
        return [], []
    amounts = csr_array(phases.amounts[rows])
    counts = np.diff(amounts.indptr)
    whole = np.rint(amounts.data).astype(np.int64)
    is_whole = np.logical_and.reduceat(np.abs(amounts.data - whole) < _INTEGER, amounts.indptr[:-1])
    divisor = np.where(is_whole, np.gcd.reduceat(np.maximum(whole, 1), amounts.indptr[:-1]), 1)
    divisor[np.asarray(rows) < N_ELEMENTS] = 1
    data = amounts.data / np.repeat(divisor, counts)
    reduced = csr_array((data, amounts.indices, amounts.indptr), shape=amounts.shape)
    return format_formulas(reduced).tolist(), (phases.atoms[rows] / divisor).tolist()


def side(parts: Iterable[tuple[float, str]]) -> str:
    """One side of a reaction.

    Examples
    --------
    >>> side([(1.0, "Na3P"), (4.0, "Na2S"), (0.5, "O2")])
    'Na3P + 4 Na2S + 0.5 O2'
    """
    return " + ".join(name if f"{amount:.4g}" == "1" else f"{amount:.4g} {name}" for amount, name in parts)


def reaction(
    reactants: Iterable[tuple[float, str]], parts: Iterable[tuple[float, str]], alkali: str, uptake: float
) -> str:
    """A reaction; alkali taken up stands with the reactants, alkali given off with the products.

    Examples
    --------
    >>> reaction([(1.0, "Na3PS4")], [(1.0, "Na3P"), (4.0, "Na2S")], "Na", 8.0)
    'Na3PS4 + 8 Na → Na3P + 4 Na2S'
    """
    left, right = list(reactants), list(parts)
    if abs(uptake) > _INTEGER:
        (left if uptake > 0 else right).append((abs(uptake), alkali))
    return f"{side(left)} → {side(right)}"


def atoms_of(batch: CompositionBatch) -> np.ndarray:
    """Atoms in a formula unit as typed, (n,)."""
    return np.asarray(batch.amounts.sum(axis=1)).ravel()
