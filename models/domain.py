"""Domain: where a model has been taught, and the verdict on a composition."""

from dataclasses import dataclass

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, N_ELEMENTS

MOBILE_IONS = ("Na", "Li", "K", "Ag")


@dataclass(frozen=True)
class Domain:
    """Verdict on a domain score, the doubt about a composition.

    Parameters
    ----------
    limit : float
        Largest domain score that counts as in domain.
    mobile_ions : tuple of str
        Mobile ions present in training; a composition without any of them is out of domain.
    """

    limit: float
    mobile_ions: tuple[str, ...]

    @classmethod
    def fit(cls, batch: CompositionBatch, limit: float) -> "Domain":
        """Domain of the training compositions `batch`."""
        present = np.asarray(batch.amounts.sum(axis=0)).ravel() > 0
        return cls(limit, tuple(ion for ion in MOBILE_IONS if present[INDEX[ion]]))

    def verdict(self, batch: CompositionBatch, scores: np.ndarray) -> np.ndarray:
        """In domain (n,) bool: not in too much doubt, and with a mobile ion seen in training."""
        ions = np.zeros(N_ELEMENTS)
        ions[[INDEX[ion] for ion in self.mobile_ions]] = 1.0
        return (batch.amounts @ ions > 0) & (scores <= self.limit)
