"""Telling formation energies in eV/atom from energies in another unit or of another kind, by their distribution."""

import numpy as np

from ...featurize.composition import CompositionBatch
from .reading import TableError

# The most stable solids (rare earth and alkaline earth fluorides) reach -4.7 eV/atom; nothing known lies below this.
LOWEST_EV_ATOM = -6.0
# Hypothetical structures of a computed table may lie high; beyond this a value is a slip.
HIGHEST_EV_ATOM = 10.0
# 5 eV/atom in kJ/mol: no formation energy is as large, so what is larger is in a smaller unit.
_LARGE_KJ_MOL = 480.0
# Below this fraction a few slips, above it the column is not what its name says.
_MOST_OUTSIDE = 0.05


def unbelievable(values: np.ndarray) -> np.ndarray:
    """Which values (n,) cannot be formation energies in eV/atom."""
    return (values < LOWEST_EV_ATOM) | (values > HIGHEST_EV_ATOM)


def check_unit(values: np.ndarray, batch: CompositionBatch, name: str = "table") -> None:
    """Refuse a column of formation energies that is plainly not in eV/atom.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Energies of compounds.
    batch : CompositionBatch
        Their compositions: an energy per formula unit grows with the formula.
    name : str
        Table named in the error.

    Raises
    ------
    TableError
        If more than 5 % of the values lie outside what formation energies can be, naming the unit they look like.

    Examples
    --------
    >>> check_unit(np.array([-411.2, -364.8]), CompositionBatch.from_formulas(["NaCl", "Na2S"]))
    Traceback (most recent call last):
    ...
    ionscout.training.data.reading.TableError: table: 2 of 2 energies lie outside -6 to 10 eV/atom, median -388; they \
look like kJ/mol: divide by 96.485 (and by the atoms, if per mole of formula)
    """
    outside = unbelievable(values)
    if not len(values) or outside.mean() <= _MOST_OUTSIDE:
        return
    atoms = np.asarray(batch.amounts.sum(axis=1)).ravel()
    raise TableError(
        f"{name}: {outside.sum()} of {len(values)} energies lie outside {LOWEST_EV_ATOM:g} to {HIGHEST_EV_ATOM:g} "
        f"eV/atom, median {np.median(values):.3g}; they look like {_likeness(values, atoms)}"
    )


def _likeness(values: np.ndarray, atoms: np.ndarray) -> str:
    # What is per formula unit scatters less once it is divided by the atoms; what is per atom scatters more.
    per_formula = _scatter(values / atoms) < _scatter(values)
    typical = float(np.median(np.abs(values / atoms if per_formula else values)))
    each = "and by the atoms of the formula unit" if per_formula else "(and by the atoms, if per mole of formula)"
    if typical > _LARGE_KJ_MOL:
        return "meV: divide by 1000" + (f" {each}" if per_formula else "")
    if typical > -2.0 * LOWEST_EV_ATOM:
        return f"kJ/mol: divide by 96.485 {each}"
    if per_formula and typical < 3.0:
        return "eV per formula unit: divide by its atoms"
    return "total energies: put them into column energy_eV_atom, per atom, with a row for every element"


def _scatter(values: np.ndarray) -> float:
    return float(np.std(np.log(np.abs(values) + 1e-12)))
