"""The measured relatives of a composition: distinct training compositions, and how far a composition lies from each."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

from ..featurize.composition import CompositionBatch
from ..featurize.electrolyte import electrolyte_feature_names
from ..featurize.elements import N_ELEMENTS
from ..featurize.family import family_codes
from ..featurize.framework import framework_fractions
from .chemical_distance import earth_movers_distance, laid_out
from .inputs import THERMAL, input_positions
from .physics import ZERO_CELSIUS_K, kelvin

# Ionic features that only name the mobile ion, which the compositions tell already.
_MOBILE_IDENTITY = ("mobile_ion_charge", "mobile_ion_radius", "mobile_ion_electronegativity")


@dataclass(frozen=True)
class Places:
    """Where n rows lie in chemistry and circumstance.

    Parameters
    ----------
    whole, framework : (n, 118) float32
        Fractions of the composition and of its framework, as `laid_out` gives them.
    ionic : (n, p) float32
        Ionic features, not yet standardised.
    temperature_C : (n,) float64
        Temperature of the row.
    glassy : (n,) int
        0 crystalline or unknown, 1 glass or amorphous, 2 glass-ceramic.
    family : (n,) int
        Place of the row's family in `featurize.family.FAMILIES`; -1 for rows in error.
    """

    whole: np.ndarray
    framework: np.ndarray
    ionic: np.ndarray
    temperature_C: np.ndarray
    glassy: np.ndarray
    family: np.ndarray

    @classmethod
    def of(cls, batch: CompositionBatch, inputs: np.ndarray) -> Self:
        """Places of n compositions and their `model_inputs` (n, p); rows in error lie at the origin."""
        readable = np.flatnonzero(batch.is_readable)
        whole, framework = (np.zeros((len(batch), N_ELEMENTS), dtype=np.float32) for _ in range(2))
        fractions = batch[readable].fractions
        whole[readable] = laid_out(fractions)
        framework[readable] = laid_out(framework_fractions(fractions))
        context = inputs[:, input_positions((THERMAL, "state_glass", "state_glass_ceramic", "state_amorphous"))]
        glass = (context[:, 1] == 1) | (context[:, 3] == 1)
        return cls(
            whole,
            framework,
            inputs[:, input_positions(_ionic_columns())],
            -1000.0 / context[:, 0].astype(np.float64) - ZERO_CELSIUS_K,
            np.where(glass, 1, np.where(context[:, 2] == 1, 2, 0)),
            family_codes(batch),
        )

    @property
    def heat(self) -> np.ndarray:
        """Reciprocal temperature (n,), 1000 K / T less 3: zero at 60 C."""
        return 1000.0 / kelvin(self.temperature_C) - 3.0

    def __len__(self) -> int:
        return len(self.glassy)

    def __getitem__(self, rows: np.ndarray | slice) -> "Places":
        return Places(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Distances:
    """Distances (n, u) of n rows to u relatives: of the whole compositions, their frameworks and ionic features."""

    whole: np.ndarray
    framework: np.ndarray
    ionic: np.ndarray


@dataclass(frozen=True)
class Relatives:
    """Distinct training compositions.

    Parameters
    ----------
    whole, framework : (u, 118) float32
        As in `Places`.
    ionic : (u, q) float32
        Ionic features that vary, in standard deviations, kept within four.
    centre, spread : (p,) float64
        Mean and standard deviation of all ionic features over the relatives.
    """

    whole: np.ndarray
    framework: np.ndarray
    ionic: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, places: Places) -> tuple[Self, np.ndarray]:
        """The relatives among m training rows, and which of them (m,) each row is."""
        _, first, which = np.unique(places.whole, axis=0, return_index=True, return_inverse=True)
        distinct = places[first]
        centre = distinct.ionic.mean(axis=0, dtype=np.float64)
        spread = distinct.ionic.std(axis=0, dtype=np.float64)
        ionic = _standardise(distinct.ionic, centre, spread)
        return cls(distinct.whole, distinct.framework, ionic, centre, spread), which.ravel()

    def distances(self, places: Places) -> Distances:
        """Distances of n rows to every relative; ionic distance is the mean absolute difference."""
        ionic = _standardise(places.ionic, self.centre, self.spread)
        return Distances(
            earth_movers_distance(places.whole, self.whole),
            earth_movers_distance(places.framework, self.framework),
            cdist(ionic, self.ionic, "cityblock") / max(ionic.shape[1], 1),
        )

    def among(self) -> Distances:
        """Distances (u, u) of the relatives to each other."""
        return Distances(
            earth_movers_distance(self.whole, self.whole),
            earth_movers_distance(self.framework, self.framework),
            cdist(self.ionic, self.ionic, "cityblock") / max(self.ionic.shape[1], 1),
        )

    def save(self, path: Path) -> None:
        """Write an npz file."""
        np.savez(path, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Inverse of `save`."""
        with np.load(path) as arrays:
            return cls(*(arrays[f.name] for f in fields(cls)))


@cache
def _ionic_columns() -> tuple[str, ...]:
    return tuple(name for name in electrolyte_feature_names("ionic") if name not in _MOBILE_IDENTITY)


def _standardise(ionic: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Ionic features in standard deviations, kept within four; those that do not vary count nothing."""
    varies = spread > 1e-6
    scaled = (ionic[:, varies] - centre[varies]) / spread[varies]
    return np.clip(np.nan_to_num(scaled), -4.0, 4.0).astype(np.float32)
