"""What a hybrid model must beat: one VTF curve for dry polymers and gels, and an effective medium upon it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..featurize.mixture import MixtureBatch
from .hybrid import filler_gain
from .vtf import reduced


@dataclass(frozen=True)
class VTFBaseline:
    """Levels of dry polymers and of gels at 60 C, and one VTF slope for both (1000 K), by least squares."""

    levels: np.ndarray
    slope: float

    @classmethod
    def fit(cls, batch: MixtureBatch, target: np.ndarray) -> Self:
        """Fit on log10 conductivity (m,)."""
        gel = batch.column("gel") > 0
        design = np.column_stack([~gel, gel, _rise(batch)]).astype(np.float64)
        found = np.linalg.lstsq(design, target, rcond=None)[0]
        return cls(found[:2], max(float(found[2]), 0.0))

    def predict(self, batch: MixtureBatch) -> np.ndarray:
        """log10 conductivity (n,)."""
        return np.where(batch.column("gel") > 0, self.levels[1], self.levels[0]) + self.slope * _rise(batch)


@dataclass(frozen=True)
class EffectiveMediumBaseline:
    """Bruggeman's mixture of a matrix, as the VTF baseline has it from filler-free rows, and the filler."""

    matrix: VTFBaseline

    @classmethod
    def fit(cls, batch: MixtureBatch, target: np.ndarray) -> Self:
        """Fit the matrix on rows without filler."""
        bare = batch.column("has_filler") == 0
        return cls(VTFBaseline.fit(batch.take(bare), target[bare]))

    def predict(self, batch: MixtureBatch) -> np.ndarray:
        """log10 conductivity (n,)."""
        matrix = self.matrix.predict(batch)
        return matrix + filler_gain(batch, matrix)


def _rise(batch: MixtureBatch) -> np.ndarray:
    return reduced(batch.temperature_C, batch.column("glass_transition_C"), batch.column("gel") > 0)
