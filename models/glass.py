"""Conductivity and activation energy of ionic glasses: one Arrhenius line a glass."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ..featurize.composition import CompositionBatch
from ..featurize.elements import INDEX, SYMBOLS
from ..featurize.oxide_glass import KINDS, OxideGlassFeatures, glass_kinds
from .base import Estimate, Question
from .booster import BoosterEnsemble
from .glass_process import GlassKernel, GlassPlaces, GlassProcess, GlassScales, load_places, save_places
from .inputs import STATE_COLUMNS, input_columns, input_positions
from .intervals import GroupedConformal
from .physics import arrhenius_decades
from .properties import ACTIVATION_ENERGY, CONDUCTIVITY

# Glasses are measured hot: at 300 C the errors of level and energy of held-out lithium and sodium glasses are
# uncorrelated, so one temperature and one slope say all.
GLASS_REFERENCE_C = 300.0
GLASSY_STATES = ("glass", "amorphous")
IONS = ("Na", "Li", "K")
# Of the electrolyte features the trees read, the framework's means and profile brought nothing.
_FRACTIONS = tuple(n for n in input_columns("framework", context=False) if n.startswith("fraction_"))
INPUTS = (*input_columns("ionic", context=False), *_FRACTIONS)
# The doubt is learned from where a glass lies and how far trees and process part.
DOUBT_COLUMNS = (
    *("nearest", "fifth_nearest", "nearest_whole", "parted_level", "parted_energy", "level", "energy"),
    *("glass_alkali_oxide", "glass_basicity", "glass_oxygens_per_former", "glass_share_Si", "glass_share_B"),
    *("glass_share_P", "glass_anion_chalcogen", "glass_anion_F", "glass_modifier_per_alkali"),
)
_LEAST_DOUBT = {CONDUCTIVITY.name: 0.05, ACTIVATION_ENERGY.name: 0.01}
_MOST_OTHER_ALKALI = 0.15
_MOST_TRANSITION_METAL = 0.02
_FIFTH = 5
# Rows worked on together: their distances to all measured glasses take some 2 MB each.
_BLOCK = 64


@dataclass(frozen=True)
class GlassPart:
    """Trees and process of one property, averaged; `share` is the weight of the process."""

    booster: BoosterEnsemble
    process: GlassProcess
    share: float

    def parts(self, inputs: np.ndarray, distances: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What the trees say and what the process says, each (n,)."""
        return self.booster.predict(inputs), self.process.predict(distances)

    def blended(self, trees: np.ndarray, process: np.ndarray) -> np.ndarray:
        """Their weighted mean (n,)."""
        return (1.0 - self.share) * trees + self.share * process


@dataclass(frozen=True)
class GlassLines:
    """What is said of n glasses: level at `GLASS_REFERENCE_C` and energy (n,), and what the doubt is learned from."""

    level: np.ndarray
    energy: np.ndarray
    doubt_inputs: np.ndarray

    def log10_conductivity(self, temperature_C: np.ndarray) -> np.ndarray:
        """Conductivity (n,) at temperatures (n,)."""
        return self.level + self.energy * arrhenius_decades(temperature_C, GLASS_REFERENCE_C)


@dataclass(frozen=True)
class GlassCore:
    """Level and energy of glasses, fitted on m of them.

    Parameters
    ----------
    level, energy : GlassPart
        Of log10 of the conductivity at `GLASS_REFERENCE_C`, and of the activation energy in eV.
    places : GlassPlaces
        The m glasses.
    scales : GlassScales
        How places are made.
    """

    level: GlassPart
    energy: GlassPart
    places: GlassPlaces
    scales: GlassScales

    def lines(self, batch: CompositionBatch, inputs: np.ndarray, oxides: np.ndarray) -> GlassLines:
        """Lines of n glasses.

        Parameters
        ----------
        batch : CompositionBatch
            The glasses.
        inputs : (n, len(INPUTS)) float32
            Their electrolyte features.
        oxides : (n, p) float32
            Their `OxideGlassFeatures`.
        """
        count = len(batch)
        if not count:
            return GlassLines(np.empty(0), np.empty(0), np.empty((0, len(DOUBT_COLUMNS)), dtype=np.float32))
        # All blocks have one shape, the last filled up with its last row: no sum then depends on who else asks.
        blocks = [np.minimum(np.arange(_BLOCK) + start, count - 1) for start in range(0, count, _BLOCK)]
        parts = [self._block(batch[block], inputs[block], oxides[block]) for block in blocks]
        return GlassLines(
            np.concatenate([part.level for part in parts])[:count],
            np.concatenate([part.energy for part in parts])[:count],
            np.concatenate([part.doubt_inputs for part in parts])[:count],
        )

    def _block(self, batch: CompositionBatch, inputs: np.ndarray, oxides: np.ndarray) -> GlassLines:
        distances = self.scales.places(batch, oxides).distances(self.places)
        both = np.hstack([inputs, oxides])
        level, energy = self.level.parts(both, distances), self.energy.parts(both, distances)
        said_level = self.level.blended(*level)
        said_energy = np.clip(self.energy.blended(*energy), ACTIVATION_ENERGY.lower, ACTIVATION_ENERGY.upper)
        fifth = min(_FIFTH, distances[1].shape[1]) - 1
        near = np.partition(distances[1], fifth, axis=1)
        names = OxideGlassFeatures().feature_names()
        place = [names.index(c) for c in DOUBT_COLUMNS if c in names]
        doubt_inputs = np.column_stack(
            [
                *(near[:, : fifth + 1].min(axis=1), near[:, fifth], distances[0].min(axis=1)),
                *(np.abs(level[0] - level[1]), np.abs(energy[0] - energy[1]), said_level, said_energy),
                oxides[:, place],
            ]
        )
        return GlassLines(said_level, said_energy, doubt_inputs.astype(np.float32))


@dataclass(frozen=True)
class GlassDoubt:
    """How large an error is to be expected: of the level at `GLASS_REFERENCE_C`, and of the energy.

    Parameters
    ----------
    level, energy : BoosterEnsemble
        Of the logarithm of the absolute out-of-fold error, read from `DOUBT_COLUMNS`.
    """

    level: BoosterEnsemble
    energy: BoosterEnsemble

    def of_level(self, lines: GlassLines, temperature_C: np.ndarray | float) -> np.ndarray:
        """Expected error (n,) of the conductivity at a temperature, in decades: errors of level and slope add up."""
        slope = self.of_energy(lines) * arrhenius_decades(temperature_C, GLASS_REFERENCE_C)
        return np.hypot(np.exp(self.level.predict(lines.doubt_inputs)), slope)

    def of_energy(self, lines: GlassLines) -> np.ndarray:
        """Expected error (n,) of the energy in eV."""
        return np.exp(self.energy.predict(lines.doubt_inputs))


@dataclass(frozen=True)
class GlassScope:
    """Which compositions are answered.

    Parameters
    ----------
    elements : tuple of str
        Elements of the measured glasses; a composition with another is not answered.
    kinds : tuple of int
        Kinds of glass (`KINDS`) that are answered.
    most_of_anions : dict of str to float
        Largest share of the anions that each halide has in a measured glass; what has more, such as an amorphous
        chloride, is not answered.
    """

    elements: tuple[str, ...]
    kinds: tuple[int, ...]
    most_of_anions: dict[str, float]

    def holds(self, batch: CompositionBatch) -> np.ndarray:
        """Compositions (n,) bool that are answered if they are glasses."""
        oxides, names = glass_oxides(batch), OxideGlassFeatures().feature_names()
        strange = np.flatnonzero(~np.isin(SYMBOLS, self.elements))
        known = np.asarray(batch.fractions[:, strange].sum(axis=1)).ravel() == 0
        known &= np.asarray(batch.fractions[:, [INDEX[s] for s in IONS]].sum(axis=1)).ravel() > 0
        for anion, most in self.most_of_anions.items():
            known &= oxides[:, names.index(f"glass_anion_{anion}")] <= most
        return known & np.isin(glass_kinds(batch), self.kinds)


@dataclass(frozen=True)
class GlassModel:
    """log10 sigma(T) = level + Ea * arrhenius_decades(T, 300 C) of glasses, with intervals and a domain.

    Parameters
    ----------
    core : GlassCore
        Level and energy.
    doubt : GlassDoubt
        Scale of the intervals.
    intervals, energy_intervals : GroupedConformal
        Calibrated on out-of-fold residuals grouped by chemical system, by kind of glass, in units of the doubt.
    scope : GlassScope
        What is answered at all.
    limit : float
        Largest doubt about the conductivity at 25 C, in decades, that counts as in domain.
    """

    core: GlassCore
    doubt: GlassDoubt
    intervals: GroupedConformal
    energy_intervals: GroupedConformal
    scope: GlassScope
    limit: float

    def knows(self, question: Question) -> np.ndarray:
        """Rows (n,) bool that this model answers: glass or amorphous, of a kind and of elements that were measured."""
        glassy = (question.columns(tuple(STATE_COLUMNS[s] for s in GLASSY_STATES)) > 0).any(axis=1)
        rows = np.flatnonzero(glassy & question.batch.is_readable)
        out = np.zeros(len(question.batch), dtype=bool)
        if rows.size:
            out[rows] = self.scope.holds(question.batch[rows])
        return out

    def estimate(self, question: Question, interval: float = 0.9) -> tuple[dict[str, Estimate], np.ndarray, np.ndarray]:
        """Estimates of the conductivity at the asked temperature and of the energy, domain score and verdict (n,).

        The score is the error to be expected of the conductivity at 25 C, in decades. Out of domain are, besides what
        is in too much doubt, glasses of mixed alkalis and those that may conduct electrons: the table has none.
        """
        batch = question.batch
        oxides = glass_oxides(batch)
        lines = self.core.lines(batch, question.columns(INPUTS), oxides)
        kinds = glass_kinds(batch)
        width = self.intervals.half_width(self.doubt.of_level(lines, question.temperature_C), interval, kinds)
        energy_width = self.energy_intervals.half_width(self.doubt.of_energy(lines), interval, kinds)
        estimates = {
            CONDUCTIVITY.column: Estimate.around(lines.log10_conductivity(question.temperature_C), width, CONDUCTIVITY),
            ACTIVATION_ENERGY.column: Estimate.around(lines.energy, energy_width, ACTIVATION_ENERGY),
        }
        score = self.doubt.of_level(lines, 25.0)
        names = OxideGlassFeatures().feature_names()
        one_alkali = oxides[:, names.index("glass_largest_alkali_share")] >= 1.0 - _MOST_OTHER_ALKALI
        ionic = oxides[:, names.index("glass_transition_metals")] <= _MOST_TRANSITION_METAL
        return estimates, score, (score <= self.limit) & one_alkali & ionic

    def save(self, folder: Path) -> None:
        """Write npz, JSON and xgboost's own files."""
        folder.mkdir(parents=True, exist_ok=True)
        save_places(folder / "places.npz", self.core.places, self.core.scales)
        parts = {}
        for name, part in (("level", self.core.level), ("energy", self.core.energy)):
            part.booster.save(folder / name)
            np.save(folder / f"{name}_weights.npy", part.process.weights)
            parts[name] = {"share": part.share, "mean": part.process.mean, "kernel": vars(part.process.kernel)}
        self.doubt.level.save(folder / "doubt_level")
        self.doubt.energy.save(folder / "doubt_energy")
        self.intervals.save(folder / "intervals.npz")
        self.energy_intervals.save(folder / "energy_intervals.npz")
        facts = {
            "parts": parts,
            "oxide_columns": OxideGlassFeatures().feature_names(),
            "elements": list(self.scope.elements),
            "kinds": [KINDS[k] for k in self.scope.kinds],
            "most_of_anions": self.scope.most_of_anions,
            "limit": self.limit,
        }
        (folder / "glass.json").write_text(json.dumps(facts, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`.

        Raises
        ------
        ValueError
            If today's columns of oxide glasses are not those of the model.
        """
        facts = json.loads((folder / "glass.json").read_text())
        if facts["oxide_columns"] != OxideGlassFeatures().feature_names():
            raise ValueError(f"{folder}: the columns of oxide glasses changed since training; run `ionscout train`")
        places, scales = load_places(folder / "places.npz")
        parts = {
            name: GlassPart(
                BoosterEnsemble.load(folder / name),
                GlassProcess(GlassKernel(**said["kernel"]), said["mean"], np.load(folder / f"{name}_weights.npy")),
                said["share"],
            )
            for name, said in facts["parts"].items()
        }
        return cls(
            GlassCore(parts["level"], parts["energy"], places, scales),
            GlassDoubt(BoosterEnsemble.load(folder / "doubt_level"), BoosterEnsemble.load(folder / "doubt_energy")),
            GroupedConformal.load(folder / "intervals.npz"),
            GroupedConformal.load(folder / "energy_intervals.npz"),
            GlassScope(
                tuple(facts["elements"]), tuple(KINDS.index(k) for k in facts["kinds"]), facts["most_of_anions"]
            ),
            facts["limit"],
        )


def glass_oxides(batch: CompositionBatch) -> np.ndarray:
    """`OxideGlassFeatures` (n, p) float32."""
    return OxideGlassFeatures(dtype="float32").compute(batch)


def glass_input_columns() -> tuple[str, ...]:
    """Names of what the trees read: electrolyte features, then those of oxide glasses."""
    return (*INPUTS, *OxideGlassFeatures().feature_names())


def glass_inputs(inputs: np.ndarray) -> np.ndarray:
    """The columns `INPUTS` of `model_inputs`."""
    return inputs[:, input_positions(INPUTS)]


def log_error(residual: np.ndarray, fact: str) -> np.ndarray:
    """Logarithm of the absolute error (n,), an error too small to matter counting as that small."""
    return np.log(np.abs(residual) + _LEAST_DOUBT[fact])
