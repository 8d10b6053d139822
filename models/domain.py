"""Domain score: how far a composition lies from everything a model was trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, MAGPIE_PROPERTIES, N_ELEMENTS, magpie_table

MOBILE_IONS = ("Na", "Li", "K", "Ag")
_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Domain:
    """Nearest-neighbour distance to the training compositions, with a verdict.

    The distance is the earth mover's distance between compositions laid out on Pettifor's chemical scale
    (10.1088/0022-3719/19/3/002), the idea of the element mover's distance (10.1021/acs.chemmater.0c03381): on a
    line it is the L1 distance between cumulative sums, here divided by the length of the scale so that 1 means
    all matter moved from one end of the periodic table to the other, times 100 for readable numbers.

    Parameters
    ----------
    references : (m, k) float32
        Cumulative profiles of the distinct training compositions, as `profiles` makes them.
    limit : float
        Largest domain score that counts as in domain.
    mobile_ions : tuple of str
        Mobile ions present in training; a composition without any of them is out of domain.
    """

    references: np.ndarray
    limit: float
    mobile_ions: tuple[str, ...]

    @classmethod
    def fit(cls, batch: CompositionBatch, limit: float = np.inf) -> "Domain":
        """Remember the distinct compositions of `batch`."""
        references = np.unique(profiles(batch), axis=0)
        present = np.asarray(batch.amounts.sum(axis=0)).ravel() > 0
        return cls(references, limit, tuple(ion for ion in MOBILE_IONS if present[INDEX[ion]]))

    def score(self, batch: CompositionBatch) -> np.ndarray:
        """Domain score (n,) float64: 0 on a training composition; NaN for rows in error."""
        out = np.empty(len(batch), dtype=np.float64)
        for start in range(0, len(batch), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            out[part] = cdist(profiles(batch[part]), self.references, "cityblock").min(axis=1)
        out[np.asarray(batch.fractions.sum(axis=1)).ravel() == 0] = np.nan
        return out

    def verdict(self, batch: CompositionBatch, scores: np.ndarray) -> np.ndarray:
        """In domain (n,) bool: near enough to a training composition, and with a mobile ion seen in training."""
        columns = [INDEX[ion] for ion in self.mobile_ions]
        mobile = np.asarray(batch.amounts[:, columns].sum(axis=1)).ravel() > 0
        return mobile & (scores <= self.limit)

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(path, references=self.references, limit=self.limit, mobile_ions=np.array(self.mobile_ions))

    @classmethod
    def load(cls, path: Path) -> "Domain":
        """Inverse of `save`."""
        with np.load(path) as arrays:
            return cls(arrays["references"], float(arrays["limit"]), tuple(str(s) for s in arrays["mobile_ions"]))


def profiles(batch: CompositionBatch) -> np.ndarray:
    """Cumulative fractions (n, k) float32 along Pettifor's scale, each step weighted with its length."""
    order, steps = _scale()
    fractions = np.asarray(batch.fractions[:, order].todense(), dtype=np.float32)
    cumulative = np.cumsum(fractions, axis=1, dtype=np.float32)[:, :-1]
    cumulative *= steps
    return cumulative


def _scale() -> tuple[np.ndarray, np.ndarray]:
    """Elements in Pettifor order and the length of each step, the whole scale being 100."""
    numbers = magpie_table()[:N_ELEMENTS, MAGPIE_PROPERTIES.index("MendeleevNumber")]
    order = np.argsort(numbers, kind="stable")
    steps = np.diff(numbers[order])
    return order, (100.0 * steps / steps.sum()).astype(np.float32)
