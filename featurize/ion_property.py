"""Ionic character: how far apart the electronegativities lie, and whether common charges can balance."""

from functools import cache, lru_cache

import numpy as np

from .composition import CompositionBatch
from .elements import N_ELEMENTS, SYMBOLS
from .transformer import CompositionTransformer

# Above this many atoms a formula unit, whether charges balance exactly is decided by their bounds alone.
_MOST_ATOMS = 1000
_NEUTRAL = 1e-8


class IonPropertyFeatures(CompositionTransformer):
    """Ionic character and possible charge balance, equal to matminer's ``IonProperty``.

    - ``compound possible``: 1 if the atoms, each in one of its element's common oxidation states, can be neutral
      together. An element may take several states at once. For decimal amounts, which matminer refuses, the mean state
      of an element may be anything between its lowest and its highest.
    - ``max ionic char``: largest 1 - exp(-(dX)^2 / 4) of any two elements, dX their difference in Pauling
      electronegativity. It jumps when an element comes in.
    - ``avg ionic char``: the same averaged over all pairs of atoms; continuous in the composition.

    References
    ----------
    Ward et al., npj Comput. Mater. 2, 16028 (2016), 10.1038/npjcompumats.2016.28

    Examples
    --------
    >>> IonPropertyFeatures().fit_transform(["NaCl", "NaCl2", "Fe3O4"]).round(3)
    array([[1.   , 0.712, 0.178],
           [0.   , 0.712, 0.158],
           [1.   , 0.477, 0.117]])
    """

    def feature_names(self) -> list[str]:
        """Names as matminer writes them."""
        return ["compound possible", "max ionic char", "avg ionic char"]

    def continuous_features(self) -> np.ndarray:
        """Only the average ionic character is continuous in the composition."""
        return np.array([False, False, True])

    def compute(self, batch: CompositionBatch) -> np.ndarray:
        """Compute the columns for a batch."""
        out = np.empty((len(batch), 3))
        electronegativity = _electronegativity()
        character = 1.0 - np.exp(-0.25 * np.subtract.outer(electronegativity, electronegativity) ** 2)
        fractions = batch.fractions
        out[:, 2] = 0.5 * ((fractions @ character) * fractions.toarray()).sum(axis=1)
        bounds = np.asarray(batch.amounts.indptr)
        for row in np.flatnonzero(batch.is_readable):
            entries = slice(bounds[row], bounds[row + 1])
            elements, amounts = batch.amounts.indices[entries], batch.amounts.data[entries]
            out[row, 0] = can_be_neutral(tuple(elements.tolist()), tuple(amounts.tolist()))
            out[row, 1] = 1.0 - np.exp(-0.25 * np.ptp(electronegativity[elements]) ** 2)
        out[~batch.is_readable] = np.nan
        return out


def can_be_neutral(elements: tuple[int, ...], amounts: tuple[float, ...]) -> bool:
    """Whether atoms in common oxidation states can be neutral together.

    Parameters
    ----------
    elements, amounts : tuple
        Element indices and how many atoms of each.

    Examples
    --------
    >>> from ionscout.featurize.elements import INDEX
    >>> can_be_neutral((INDEX["O"], INDEX["Al"]), (3.0, 2.0)), can_be_neutral((INDEX["O"], INDEX["Al"]), (1.0, 1.0))
    (True, False)
    """
    if len(elements) == 1:
        return True
    states = [_common_states()[element] for element in elements]
    if not all(states):
        return False
    lowest = sum(amount * min(some) for amount, some in zip(amounts, states, strict=True))
    highest = sum(amount * max(some) for amount, some in zip(amounts, states, strict=True))
    if lowest > _NEUTRAL or highest < -_NEUTRAL:
        return False
    if sum(amounts) > _MOST_ATOMS or any(amount != int(amount) for amount in amounts):
        return True
    # Bit k of a mask: charge (lowest + k) can be reached.
    reached = 1
    for amount, some in zip(amounts, states, strict=True):
        mask = _reachable(some, int(amount))
        reached = _add_sets(reached, mask)
    return bool(reached >> round(-lowest) & 1)


@lru_cache(maxsize=4096)
def _reachable(states: tuple[int, ...], atoms: int) -> int:
    """Charges that `atoms` atoms can have together, as bits above the lowest."""
    one = sum(1 << (state - min(states)) for state in set(states))
    reached = 1
    for _ in range(atoms):
        reached = _add_sets(one, reached)
    return reached


def _add_sets(few: int, many: int) -> int:
    """All sums of a member of each of two sets of bits."""
    if few.bit_count() > many.bit_count():
        few, many = many, few
    total = 0
    while few:
        lowest = few & -few
        total |= many * lowest
        few ^= lowest
    return total


@cache
def _electronegativity() -> np.ndarray:
    """Pauling electronegativities of pymatgen, the mean where there is none, shape (118,)."""
    import warnings

    from pymatgen.core import Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of every element without a value
        values = np.array([Element(symbol).X or np.nan for symbol in SYMBOLS], dtype=float)
    values[np.isnan(values)] = np.nanmean(values)
    return values


@cache
def _common_states() -> list[tuple[int, ...]]:
    """Common oxidation states by pymatgen, those in the ICSD where it names none; one tuple an element."""
    from pymatgen.core import Element

    elements = [Element(symbol) for symbol in SYMBOLS]
    return [tuple(e.common_oxidation_states or e.icsd_oxidation_states) for e in elements[:N_ELEMENTS]]
