"""Exact values of compositions whose phase equilibria are known: looked up by composition, in place of predictions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, N_ELEMENTS
from ..featurize.roles import MOBILE_WEIGHTS
from .composition_index import CompositionIndex
from .phase_equilibria import ALKALI, windows
from .phases import Phases
from .properties import ENERGY_ABOVE_HULL, OXIDATION_LIMIT, REDUCTION_LIMIT

EXACT = "exact"
PREDICTED = "predicted"


@dataclass(frozen=True, eq=False)
class ExactValues:
    """Values of m compositions that are known exactly; what a model carries beside its trees.

    Parameters
    ----------
    fractions : csr_array of shape (m, 118)
        Atomic fractions; no composition twice.
    values : mapping of str to ndarray of shape (m,)
        By column; NaN where not known.
    """

    fractions: csr_array
    values: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, batch: CompositionBatch, mobile_ions: np.ndarray, values: Mapping[str, np.ndarray]) -> Self:
        """Values of readable compositions; of those given for several ions, the one against `reference_alkali`.

        Parameters
        ----------
        batch : CompositionBatch
            n compositions.
        mobile_ions : (n,) of str
            Metal that the values of each row are counted against.
        values : mapping of str to (n,) float64

        Examples
        --------
        >>> batch = CompositionBatch.from_formulas(["Na3LiTe2", "Na3LiTe2", "NaCl"])
        >>> limits = {"oxidation_limit_V": np.array([1.0, 2.0, 3.8])}
        >>> known = ExactValues.of(batch, np.array(["Li", "Na", "Na"]), limits)
        >>> known.look_up(CompositionBatch.from_formulas(["Na6Li2Te4", "Na2Cl2", "KCl"]))["oxidation_limit_V"].tolist()
        [2.0, 3.8, nan]
        """
        keep = batch.is_readable & (reference_alkali(batch) == np.asarray(mobile_ions, dtype=object))
        return cls(batch[keep].fractions, {column: np.asarray(v)[keep] for column, v in values.items()})

    def look_up(self, batch: CompositionBatch) -> dict[str, np.ndarray]:
        """Values (n,) of a batch by column, NaN where not known."""
        places = self._index.find(batch.fractions)
        return {column: np.where(places >= 0, values[places], np.nan) for column, values in self.values.items()}

    @cached_property
    def _index(self) -> CompositionIndex:
        return CompositionIndex(self.fractions)

    def save(self, path: Path) -> None:
        """Write an npz file."""
        matrix = {name: getattr(self.fractions, name) for name in ("data", "indices", "indptr")}
        np.savez_compressed(path, allow_pickle=False, **matrix, **{f"value_{c}": v for c, v in self.values.items()})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Inverse of `save`."""
        with np.load(path) as arrays:
            matrix = csr_array(
                (arrays["data"], arrays["indices"], arrays["indptr"]), shape=(len(arrays["indptr"]) - 1, N_ELEMENTS)
            )
            names = [name for name in arrays.files if name.startswith("value_")]
            return cls(matrix, {name.removeprefix("value_"): arrays[name] for name in names})


def exact_values(phases: Phases, batch: CompositionBatch) -> dict[str, np.ndarray]:
    """Energy above hull and both limits (n,) of those compositions of a batch that are known phases; NaN elsewhere.

    A phase above the hull has the limits that `phase_equilibria.windows` says: those of its energy lowered onto it. A
    phase without an alkali has none.

    Parameters
    ----------
    phases : Phases
    batch : CompositionBatch
        n compositions.

    Examples
    --------
    >>> table = CompositionBatch.from_formulas(["NaCl", "Na2S"])
    >>> phases = Phases.from_compounds(table.amounts, [-2.131, -1.26])
    >>> found = exact_values(phases, CompositionBatch.from_formulas(["Na2Cl2", "NaBr"]))
    >>> found["oxidation_limit_V"].round(3).tolist()
    [4.262, nan]
    """
    columns = (ENERGY_ABOVE_HULL.column, REDUCTION_LIMIT.column, OXIDATION_LIMIT.column)
    answer = {column: np.full(len(batch), np.nan) for column in columns}
    # Each composition is worked out once, however often it is asked.
    places, first, group = np.unique(phases.find(batch), return_index=True, return_inverse=True)
    rows = first[places >= 0]
    alkali = reference_alkali(batch[rows])
    for metal in ALKALI:
        same = rows[alkali == metal]
        if len(same):
            found = windows(phases, batch[same], metal)
            values = (found.hull.energy_above_hull, found.reduction_limit, found.oxidation_limit)
            for column, value in zip(columns, values, strict=True):
                answer[column][same] = value
    return {column: values[first][group] for column, values in answer.items()}


def reference_alkali(batch: CompositionBatch) -> np.ndarray:
    """Metal that limits of each composition are counted against: its mobile ion among Na, Li and K; Na without one.

    Of several, the one with the largest claim to be the mobile ion (`featurize.roles.MOBILE_WEIGHTS`), as the features
    have it.

    Examples
    --------
    >>> reference_alkali(CompositionBatch.from_formulas(["Na3PS4", "Li3NaCl4", "KCl", "SiO2"])).tolist()
    ['Na', 'Na', 'K', 'Na']
    """
    weights = np.array([MOBILE_WEIGHTS[metal] for metal in ALKALI])
    claims = weights * batch.amounts[:, [INDEX[metal] for metal in ALKALI]].toarray()
    return np.array(ALKALI, dtype=object)[claims.argmax(axis=1)]
