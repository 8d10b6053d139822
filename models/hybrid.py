"""Conductivity of polymer, salt, filler and plasticizer mixtures: few data, so few parameters."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from ..featurize.mixture import COLUMNS, MixtureBatch
from ..featurize.repeat_unit import POLYMER_COLUMNS
from .base import Answer, Estimate
from .effective_medium import bruggeman
from .fingerprint import RELATIVE_TOLERANCE, FingerprintError
from .intervals import GroupedConformal
from .lithium_teacher import LithiumTeacher
from .properties import CONDUCTIVITY, Property
from .vtf import fit_slope, reduced

HYBRID_CONDUCTIVITY = Property(
    "hybrid_conductivity",
    CONDUCTIVITY.column,
    CONDUCTIVITY.unit,
    "log₁₀ conductivity of hybrids (S cm⁻¹)",
    CONDUCTIVITY.lower,
    CONDUCTIVITY.upper,
    +1,
)
FORMAT = 1
# What the process compares two mixtures by: kinds of things rather than chemistry, which a hundred rows cannot teach.
KIND_COLUMNS = (
    "gel", "solvent", "ionic_liquid", "plastic_crystal", "has_filler", "filler_conducts", "polymer_sodium", "has_salt",
    "ether_oxygen_mol_kg", "has_polymer",
)  # fmt: skip
# Set by hand: amplitude, length (of standardised columns), noise of a measurement, error that a paper's rows share; in
# decades. The shared error and the noise together make the half decade by which laboratories differ.
AMPLITUDE, LENGTH, NOISE, PAPER_NOISE = 0.5, 3.0, 0.6, 0.3
_RIDGE = 0.01
# How much of the lithium teacher's word is taken for a dry polyether, and of the effective medium's for a filler.
TEACHER_SHARE, MEDIUM_SHARE = 0.4, 0.5
_TEACHER_ZERO = -4.5  # of PEO with a lithium salt at 60 C, so that the share moves levels and not their mean
_PEO_ETHER_MOL_KG = 22.7
# Matrix conductivities that the effective medium starts from at 60 C: dry polyether, gel.
_DRY_LOG10, _GEL_LOG10 = -4.6, -3.3
# Where a gel does not say how much liquid is in it, and where a composite does not say how much filler.
USUAL_LIQUID, USUAL_FILLER_VOLUME = 0.6, 0.1
# A mixture becomes a composite, or a gel, with the first few per cent by weight: a trace changes nothing.
FILLER_ONSET, LIQUID_ONSET = 0.02, 0.05
# Kinds that come with a filler, and with a liquid.
_FILLER_KINDS = ("has_filler", "filler_conducts")
_LIQUID_KINDS = ("gel", "solvent", "ionic_liquid", "plastic_crystal")
# How far beyond the measured temperatures an answer still counts as known.
_TEMPERATURE_MARGIN_C = 10.0
_DOMAIN_SCALES = {
    **dict.fromkeys(POLYMER_COLUMNS, 10.0),
    "side_chain_fraction": 0.5,
    "anion_volume_A3": 80.0,
    "anion_charge_density_e_nm3": 8.0,
    "anion_fluorine_fraction": 0.5,
    "filler_volume_fraction": 0.3,
}
PROBES = pd.DataFrame(
    {
        "polymer": ["PEO", "PVDF-HFP", "PEO/PVP", "Nafion-Na", "PAN"],
        "salt": ["NaTFSI", "NaClO4", "NaPF6", "none", "NaFSI"],
        "salt_loading": [20.0, 1.0, 8.0, None, 30.0],
        "salt_loading_unit": ["EO_to_Na", "M", "EO_to_Na", None, "wt_pct"],
        "filler": ["Na3Zr2Si2PO12", None, None, None, "SiO2"],
        "filler_wt_pct": [40.0, None, None, None, 5.0],
        "plasticizer": [None, "EC/PC 70 wt%", None, "PC", "SN"],
        "class": ["composite", "gel", "polymer", "gel", "gel_composite"],
        "temperature_C": [60.0, 25.0, 40.0, 20.0, 25.0],
    }
)


@dataclass(frozen=True)
class HybridModel:
    """log10 sigma = kind + liquid + process(kinds) + half the effective medium's gain + rise with temperature.

    The rise is VTF's, its slope fitted to mixtures measured at several temperatures; for dry polyethers `TEACHER_SHARE`
    of it, and of the level, is that of the lithium teacher. None of the terms falls as temperature rises.

    Parameters
    ----------
    slopes : (2,) float64
        VTF slopes of dry polymers and of gels, in 1000 K.
    mean : (2,) float64
        Intercept and gain per weight fraction of liquid.
    centre, scale : (k,) float64
        Of the standardised `KIND_COLUMNS` and the liquid fraction.
    points : (m, k), weights : (m,) float64
        Standardised training rows and their weights in the process.
    known : (m, d) float64
        Training rows as `_domain_places`.
    measured_C : (2,) float64
        Coldest and hottest measurement.
    limit : float
        Largest domain score in the domain.
    intervals : GroupedConformal
        From out-of-fold rows, no paper on both sides.
    teacher : LithiumTeacher or None
        None where it was trained without the lithium table.
    """

    kind: ClassVar[str] = "hybrid"
    properties: ClassVar[tuple[Property, ...]] = (HYBRID_CONDUCTIVITY,)
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    slopes: np.ndarray
    mean: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    points: np.ndarray
    weights: np.ndarray
    known: np.ndarray
    measured_C: np.ndarray
    limit: float
    intervals: GroupedConformal | None
    teacher: LithiumTeacher | None

    @classmethod
    def fit(
        cls,
        batch: MixtureBatch,
        target: np.ndarray,
        mixture: np.ndarray,
        paper: np.ndarray,
        teacher: LithiumTeacher | None,
        limit: float = np.inf,
        intervals: GroupedConformal | None = None,
    ) -> Self:
        """Fit on measured mixtures.

        Parameters
        ----------
        batch : MixtureBatch
            m rows without errors.
        target : (m,) float64
            log10 conductivity.
        mixture, paper : (m,)
            Equal for rows of one mixture, and of one source.
        teacher, limit, intervals
            As the model holds them.
        """
        wet = _wetness(batch) > 0.5
        slopes = np.array(
            [fit_slope(target[wet == k], _rise(batch, k)[wet == k], mixture[wet == k]) for k in (False, True)]
        )
        rest = target - _offset(batch, slopes, teacher)
        places = _places(batch)
        centre, scale = places.mean(axis=0), places.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        points = (places - centre) / scale
        same = np.asarray(paper)[:, None] == np.asarray(paper)[None]
        covariance = _covariance(points, points) + NOISE**2 * np.eye(len(points)) + PAPER_NOISE**2 * same
        lower = np.linalg.cholesky(covariance)
        basis = _basis(batch)
        white, aim = np.linalg.solve(lower, basis), np.linalg.solve(lower, rest)
        mean = np.linalg.solve(white.T @ white + _RIDGE * np.eye(basis.shape[1]), white.T @ aim)
        weights = np.linalg.solve(covariance, rest - basis @ mean)
        heat = np.array([batch.temperature_C.min(), batch.temperature_C.max()])
        return cls(slopes, mean, centre, scale, points, weights, _domain_places(batch), heat, limit, intervals, teacher)

    def predict(self, batch: MixtureBatch) -> np.ndarray:
        """log10 conductivity (n,); NaN in rows with an error."""
        points = (_places(batch) - self.centre) / self.scale
        # Summed row by row: a matrix product would round differently with the number of rows asked together.
        level = (_covariance(points, self.points) * self.weights).sum(axis=1) + (_basis(batch) * self.mean).sum(axis=1)
        return level + _offset(batch, self.slopes, self.teacher)

    def distance(self, batch: MixtureBatch) -> np.ndarray:
        """Domain score (n,): distance to the nearest measured mixture; a step of 1 is another kind of thing."""
        places = _domain_places(batch)
        return np.sqrt(((places[:, None, :] - self.known[None]) ** 2).sum(axis=2)).min(axis=1)

    def estimate(self, batch: MixtureBatch, interval: float = 0.9) -> Answer:
        """Value, bounds, domain score and verdict of n mixtures.

        Raises
        ------
        ValueError
            If the model was fitted without intervals, or `interval` is not between 0 and 1.
        """
        if self.intervals is None:
            raise ValueError("this model was fitted for a fold: it has no intervals")
        distance = self.distance(batch)
        half = self.intervals.half_width(np.ones(len(distance)), interval, hybrid_kind(batch))
        around = Estimate.around(self.predict(batch), half, HYBRID_CONDUCTIVITY)
        low, high = self.measured_C + np.array([-_TEMPERATURE_MARGIN_C, _TEMPERATURE_MARGIN_C])
        warm = (batch.temperature_C >= low) & (batch.temperature_C <= high)
        # A polymer whose groups are not known lies nowhere.
        known = np.isfinite(batch.column("ether_oxygen_mol_kg"))
        return Answer({HYBRID_CONDUCTIVITY.column: around}, distance, (distance <= self.limit) & warm & known)

    def save(self, folder: Path | str) -> None:
        """Write the model as JSON, npz and xgboost's own files."""
        if self.intervals is None:
            raise ValueError("a model without intervals is not one to keep")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = ("slopes", "mean", "centre", "scale", "points", "weights", "known", "measured_C")
        np.savez(folder / "process.npz", **{name: getattr(self, name) for name in arrays})
        self.intervals.save(folder / "intervals.npz")
        if self.teacher is not None:
            self.teacher.save(folder / "teacher")
        document = {
            "kind": self.kind,
            "format": FORMAT,
            "properties": [p.name for p in self.properties],
            "fingerprint": {"columns": list(COLUMNS), "vectors": _probe_vectors()},
            "facts": {"limit": self.limit, "teacher": self.teacher is not None},
        }
        (folder / "model.json").write_text(json.dumps(document, indent=1))

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Inverse of `save`.

        Raises
        ------
        ValueError
            If the folder holds another kind or format.
        FingerprintError
            If today's libraries describe mixtures otherwise than those the model was fitted on.
        """
        folder = Path(folder)
        document = json.loads((folder / "model.json").read_text())
        if (document["kind"], document["format"]) != (cls.kind, FORMAT):
            raise ValueError(
                f"{folder}: model of kind {document['kind']!r} in format {document['format']}, where {cls.kind!r} in "
                f"format {FORMAT} is read; train again, or install the ionscout that wrote it"
            )
        _check_probes(document["fingerprint"])
        with np.load(folder / "process.npz") as arrays:
            parts = {name: arrays[name] for name in arrays.files}
        teacher = LithiumTeacher.load(folder / "teacher") if document["facts"]["teacher"] else None
        intervals = GroupedConformal.load(folder / "intervals.npz")
        return cls(**parts, limit=document["facts"]["limit"], intervals=intervals, teacher=teacher)


def predict_mixtures(model: HybridModel, batch: MixtureBatch, interval: float = 0.9) -> dict[str, Any]:
    """Columns of the answer, each (n,): log10_conductivity and conductivity_S_cm with bounds, domain, error."""
    said = model.estimate(batch, interval)
    around = said.estimates[HYBRID_CONDUCTIVITY.column]
    failed = ~pd.isna(batch.errors)
    ends = {"": around.value, "_lower": around.lower, "_upper": around.upper}
    answer: dict[str, Any] = {}
    for suffix, values in ends.items():
        answer[HYBRID_CONDUCTIVITY.column + suffix] = np.where(failed, np.nan, values)
    for suffix in ends:
        answer["conductivity_S_cm" + suffix] = 10.0 ** answer[HYBRID_CONDUCTIVITY.column + suffix]
    assert said.domain_score is not None
    assert said.in_domain is not None
    answer["domain_score"] = np.where(failed, np.nan, said.domain_score)
    answer["in_domain"] = said.in_domain & ~failed
    answer["error"] = batch.errors
    return answer


def hybrid_kind(batch: MixtureBatch) -> np.ndarray:
    """Kind (n,) of mixtures that err alike: 0 dry polymer, 1 dry with filler, 2 gel, 3 gel with filler."""
    return np.nan_to_num(2 * batch.column("gel") + batch.column("has_filler"), nan=-1).astype(int)


def _rise(batch: MixtureBatch, gel: bool) -> np.ndarray:
    """`vtf.reduced` (n,) of the mixtures, all taken for gels or all for dry."""
    return reduced(batch.temperature_C, batch.column("glass_transition_C"), np.full(len(batch), gel))


def _wetness(batch: MixtureBatch) -> np.ndarray:
    """How much of a gel each mixture is (n,), 0 to 1."""
    return batch.column("gel") * -np.expm1(-_liquid(batch) / LIQUID_ONSET)


def _offset(batch: MixtureBatch, slopes: np.ndarray, teacher: LithiumTeacher | None) -> np.ndarray:
    """What physics and the teacher say (n,): rise with temperature, and the gain by the filler."""
    wet = _wetness(batch)
    dry = slopes[0] * _rise(batch, False)
    if teacher is not None:
        ether = np.minimum(np.nan_to_num(batch.column("ether_oxygen_mol_kg")) / _PEO_ETHER_MOL_KG, 1.0)
        share = TEACHER_SHARE * np.where(np.isnan(batch.column("anion_volume_A3")), 0.0, ether)
        dry = (1.0 - share) * dry + share * (teacher.predict(batch) - _TEACHER_ZERO)
    said = wet * slopes[1] * _rise(batch, True) + (1.0 - wet) * dry
    return said + MEDIUM_SHARE * filler_gain(batch, wet * _GEL_LOG10 + (1.0 - wet) * _DRY_LOG10)


def filler_gain(batch: MixtureBatch, matrix_log10: np.ndarray) -> np.ndarray:
    """Decades (n,) that a filler adds to a matrix by Bruggeman's effective medium; zero where there is no polymer."""
    volume = batch.column("filler_volume_fraction")
    volume = np.where(np.isnan(volume), USUAL_FILLER_VOLUME, volume)
    gain = bruggeman(matrix_log10, batch.column("filler_log10_conductivity"), volume) - matrix_log10
    return np.where(batch.column("has_polymer") > 0, gain, 0.0)


def _liquid(batch: MixtureBatch) -> np.ndarray:
    """Weight fraction (n,) of liquid in the matrix, the usual where a gel does not say."""
    fraction = batch.column("plasticizer_fraction")
    unsaid = np.isnan(fraction) | ((batch.column("gel") > 0) & (fraction == 0))
    return np.where(unsaid, USUAL_LIQUID, fraction)


def _basis(batch: MixtureBatch) -> np.ndarray:
    return np.column_stack([np.ones(len(batch)), _liquid(batch)])


def _places(batch: MixtureBatch) -> np.ndarray:
    """What the process sees (n, k); a polymer whose groups are not known has none."""
    kinds = dict(zip(KIND_COLUMNS, np.nan_to_num(batch.columns(KIND_COLUMNS)).T, strict=True))
    weight = batch.column("filler_weight_fraction")
    filled = np.where(np.isnan(weight), 1.0, -np.expm1(-np.nan_to_num(weight) / FILLER_ONSET))
    wet = -np.expm1(-_liquid(batch) / LIQUID_ONSET)
    onset: dict[str, np.ndarray] = {**dict.fromkeys(_FILLER_KINDS, filled), **dict.fromkeys(_LIQUID_KINDS, wet)}
    return np.column_stack([*(values * onset.get(name, 1.0) for name, values in kinds.items()), _liquid(batch)])


def _covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exponential covariance (n, m)."""
    return AMPLITUDE**2 * np.exp(-np.sqrt(((a[:, None, :] - b[None]) ** 2).sum(axis=2)) / LENGTH)


def _domain_places(batch: MixtureBatch) -> np.ndarray:
    """Where mixtures lie for the domain (n, d): kinds of things, chemistry of polymer and anion, loading, liquid."""
    kinds = np.nan_to_num(batch.columns(tuple(c for c in KIND_COLUMNS if c != "ether_oxygen_mol_kg")))
    chemistry = np.nan_to_num(batch.columns(tuple(_DOMAIN_SCALES))) / np.array(list(_DOMAIN_SCALES.values()))
    molality = batch.column("salt_molality_mol_kg")
    loading = np.log10(np.clip(np.where(np.isnan(molality), 1.2, molality), 0.1, 100.0))
    temperature = np.nan_to_num(batch.temperature_C, nan=25.0) / 60.0
    return np.column_stack([kinds, chemistry, loading, _liquid(batch), temperature])


def _probe_vectors() -> list[list[float | None]]:
    values = MixtureBatch.read(PROBES).numbers
    return [[None if np.isnan(v) else float(v) for v in row] for row in values]


def _check_probes(fingerprint: dict) -> None:
    then = np.array([[np.nan if v is None else v for v in row] for row in fingerprint["vectors"]], dtype=np.float64)
    now = MixtureBatch.read(PROBES).numbers
    remedy = "install the versions in the model's requirements.txt, or train again with `ionscout train`"
    if fingerprint["columns"] != list(COLUMNS) or then.shape != now.shape:
        raise FingerprintError(f"mixture features changed since training; {remedy}")
    moved = ~np.isclose(now, then, rtol=RELATIVE_TOLERANCE, atol=1e-6, equal_nan=True).all(axis=0)
    if moved.any():
        names = [COLUMNS[i] for i in np.flatnonzero(moved)]
        raise FingerprintError(f"mixture features changed since training: {', '.join(names)}; {remedy}")
