"""What a crystal structure adds to what the composition says; nothing at all where a row has none."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .fingerprint import FingerprintError
from .intervals import GroupedConformal

# Words of the column that says whether a structure was used.
GIVEN, MISSING, NOT_USED = "given", "missing", "not used"
# Hosts whose features are kept with the model: one ordered, one disordered.
PROBE_HOSTS = ("Na3AlF6", "Na2.9375PS3.9375Cl0.0625")
# Voids and barriers live on a grid, which libraries may lay anew: 1 %, as `StructureFeatures` promises.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 0.01, 0.02


@dataclass(frozen=True)
class StructureCorrection:
    """A correction of a composition's answer by the features of its structure, in units of the doubt.

        corrected = answer + share * doubt * booster(structure)

    The booster is taught the out-of-fold residuals of the composition's model, each divided by its doubt: where the
    measured relatives leave little open, a structure changes little.

    Parameters
    ----------
    booster : BoosterEnsemble
        Of the residual over the doubt, from the columns of `StructureFeatures`.
    share : float
        How much of it grouped folds bear out, above 0 and up to 1.
    intervals : GroupedConformal
        Of corrected answers, calibrated on the rows that have a structure.
    """

    booster: BoosterEnsemble
    share: float
    intervals: GroupedConformal

    def values(self, structures: np.ndarray, doubt: np.ndarray) -> np.ndarray:
        """Correction (n,) float64 of rows with structure features (n, p) and doubt (n,)."""
        return self.share * doubt * self.booster.predict(structures)

    def half_width(self, doubt: np.ndarray, family: np.ndarray, interval: float, usual: np.ndarray) -> np.ndarray:
        """Half-width (n,) of corrected rows; `usual` (n,) where too few were calibrated on for so wide an interval."""
        rows = self.intervals.scores.size
        if np.ceil(interval * (rows + 1)) > rows:
            return usual
        return self.intervals.half_width(doubt, interval, family)

    def save(self, folder: Path) -> None:
        """Write the parts, and features of probe crystals, into a folder."""
        self.booster.save(folder)
        self.intervals.save(folder / "intervals.npz")
        document = {"share": self.share, "probes": list(PROBE_HOSTS), "vectors": _vectors(PROBE_HOSTS).tolist()}
        (folder / "structure.json").write_text(json.dumps(document, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`.

        Raises
        ------
        FingerprintError
            If today's libraries compute other structure features than those it was fitted on.
        """
        booster = BoosterEnsemble.load(folder)
        document = json.loads((folder / "structure.json").read_text())
        _check(document, booster.columns)
        return cls(booster, document["share"], GroupedConformal.load(folder / "intervals.npz"))


def has_structure(structures: np.ndarray) -> np.ndarray:
    """Whether a row (n,) of structure features (n, p) has any."""
    return np.asarray(np.isfinite(structures).any(axis=1))


def fit_correction(
    structures: np.ndarray,
    residuals: np.ndarray,
    doubt: np.ndarray,
    columns: tuple[str, ...],
    settings: BoosterSettings,
) -> BoosterEnsemble:
    """Booster of the residual over the doubt.

    Parameters
    ----------
    structures : (m, p) float32
        Features of rows that have a structure.
    residuals, doubt : (m,) float64
        Measured minus predicted out of fold by the composition's model, and its doubt.
    columns : tuple of str
        Names of the features.
    settings : BoosterSettings
        Hyperparameters.
    """
    return BoosterEnsemble.fit(structures, residuals / doubt, columns, settings)


def _vectors(hosts: tuple[str, ...]) -> np.ndarray:
    from ..featurize.structure.features import structure_features
    from ..featurize.structure.hosts import host_structure

    return structure_features([host_structure(name) for name in hosts]).matrix


def _check(document: dict, columns: tuple[str, ...]) -> None:
    from ..featurize.structure.features import describe_structure_features

    remedy = "install the versions in the model's requirements.txt, or train again"
    if list(columns) != list(describe_structure_features()):
        raise FingerprintError(f"structure features have other columns than at training; {remedy}")
    now, then = _vectors(tuple(document["probes"])), np.array(document["vectors"])
    near = np.isclose(now, then, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True).all(axis=0)
    if not near.all():
        names = [columns[i] for i in np.flatnonzero(~near)]
        raise FingerprintError(f"structure features changed since training: {', '.join(names)}; {remedy}")
