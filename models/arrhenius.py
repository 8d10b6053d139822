"""Conductivity and activation energy as one Arrhenius story."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from ..featurize.family import family_codes
from .base import Answer, Estimate, PropertyModel, Question
from .blend import Blend
from .domain import Domain
from .glass import GlassModel
from .intervals import GroupedConformal
from .physics import arrhenius_decades
from .properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from .relatives import Places, Relatives
from .structure_correction import GIVEN, MISSING, NOT_USED, StructureCorrection, has_structure
from .student import Student

# Words for the tables that rows are answered from.
ELECTROLYTES, GLASSES = "electrolytes", "glasses"
REFERENCE_C = 25.0  # candidates are compared as if reported at room temperature


@dataclass(frozen=True)
class Taught:
    """A blend, its student, and the intervals of both.

    Parameters
    ----------
    blend : Blend
        Fitted on measured rows, each at the temperature it was reported at.
    student : Student
        Its fast copy, and the doubt that scales the intervals.
    intervals : GroupedConformal
        Calibrated on out-of-fold residuals grouped by chemical system, in units of the doubt.
    prior : GroupedConformal
        Calibrated on families left out whole; for families that were never measured.
    structure : StructureCorrection, optional
        What a structure adds, where structures were taught and were worth it.
    """

    blend: Blend
    student: Student
    intervals: GroupedConformal
    prior: GroupedConformal
    structure: StructureCorrection | None = None

    def doubts(self, question: Question) -> np.ndarray:
        """Doubt (n,) about the value of each row."""
        return self.student.doubts(question.columns(self.student.columns))

    def half_width(self, doubt: np.ndarray, family: np.ndarray, interval: float) -> np.ndarray:
        """Half-width (n,) of the interval of rows by doubt and family."""
        usual = self.intervals.half_width(doubt, interval, family)
        return np.where(self.blend.knows(family), usual, self.prior.half_width(np.ones(len(doubt)), interval))

    def given(self, question: Question) -> np.ndarray:
        """Rows (n,) whose structure is used: an unknown family is answered by the median, whatever its structure."""
        if self.structure is None or question.structures is None:
            return np.zeros(len(question.batch), dtype=bool)
        return has_structure(question.structures) & self.blend.knows(family_codes(question.batch))

    def corrected(
        self, value: np.ndarray, width: np.ndarray, doubt: np.ndarray, question: Question, interval: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and half-widths (n,), in rows whose structure is used with what it adds."""
        given = self.given(question)
        if self.structure is None or question.structures is None or not given.any():
            return value, width
        value, width = value.copy(), width.copy()
        value[given] += self.structure.values(question.structures[given], doubt[given])
        family = family_codes(question.batch)[given]
        width[given] = self.structure.half_width(doubt[given], family, interval, width[given])
        return value, width

    def save(self, folder: Path) -> None:
        """Write all parts into a folder."""
        self.blend.save(folder / "blend")
        self.student.save(folder / "student")
        self.intervals.save(folder / "intervals.npz")
        self.prior.save(folder / "prior.npz")
        if self.structure is not None:
            self.structure.save(folder / "structure")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        return cls(
            Blend.load(folder / "blend"),
            Student.load(folder / "student"),
            GroupedConformal.load(folder / "intervals.npz"),
            GroupedConformal.load(folder / "prior.npz"),
            StructureCorrection.load(folder / "structure") if (folder / "structure").is_dir() else None,
        )


@dataclass(frozen=True)
class ArrheniusModel(PropertyModel):
    """log10 sigma(T) = level(x, Ts) + Ea(x, Ts) * arrhenius_decades(T, Ts), with Ts = 25 C.

    Temperature as a plain feature would learn that poor conductors are measured hot, and imply activation energies
    far too low. Here `level` is what a material reported at Ts shows, `activation_energy` its own model, and the
    slope of the conductivity with temperature *is* the predicted activation energy.

    The domain score is the doubt about the level: the standard deviation, in decades, that the measured relatives of a
    composition leave open.

    Crystal and glass are different questions: rows whose state is glass or amorphous are answered by a model of
    glasses, where that knows their kind; all others by the electrolytes, as if there were no glass.

    Parameters
    ----------
    level, activation_energy : Taught
        Of the logarithm of the conductivity, and of the energy in eV.
    relatives : Relatives
        Distinct measured compositions, which both blends refer to.
    domain : Domain
        The verdict on the domain score.
    glasses : GlassModel, optional
        Of glasses; without one the electrolytes answer for glasses too.
    """

    level: Taught
    activation_energy: Taught
    relatives: Relatives
    domain: Domain
    glasses: GlassModel | None = None

    kind: ClassVar[str] = "arrhenius"
    properties: ClassVar[tuple[Property, ...]] = (CONDUCTIVITY, ACTIVATION_ENERGY)

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Input columns."""
        return self.level.blend.booster.columns

    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Conductivity at the asked temperature and activation energy; `question.inputs` are at 25 C."""
        answer = self._of_electrolytes(question, interval)
        glassy = np.empty(0, dtype=np.intp) if self.glasses is None else np.flatnonzero(self.glasses.knows(question))
        if self.glasses is None or not glassy.size:
            return answer
        estimates, score, verdict = self.glasses.estimate(question.rows(glassy), interval)
        put = {column: said.put(glassy, estimates[column]) for column, said in answer.estimates.items()}
        scores, verdicts, words, structures = (
            np.array(a) for a in (answer.domain_score, answer.in_domain, answer.taught_by, answer.structure_source)
        )
        scores[glassy], verdicts[glassy], words[glassy], structures[glassy] = score, verdict, GLASSES, NOT_USED
        return Answer(put, scores, verdicts, taught_by=words, structure_source=structures)

    def _of_electrolytes(self, question: Question, interval: float) -> Answer:
        decades = arrhenius_decades(question.temperature_C, REFERENCE_C)
        level, energy, family = self._values(question)
        doubt = self.level.doubts(question)
        energy_doubt = self.activation_energy.doubts(question)
        energy_width = self.activation_energy.half_width(energy_doubt, family, interval)
        level_width = self.level.half_width(doubt, family, interval)
        level, level_width = self.level.corrected(level, level_width, doubt, question, interval)
        energy, energy_width = self.activation_energy.corrected(energy, energy_width, energy_doubt, question, interval)
        energy = np.clip(energy, ACTIVATION_ENERGY.lower, ACTIVATION_ENERGY.upper)
        # Errors of level and slope are taken as independent; the slope's counts by the distance from 25 C.
        width = np.hypot(level_width, energy_width * decades)
        estimates = {
            CONDUCTIVITY.column: Estimate.around(level + energy * decades, width, CONDUCTIVITY),
            ACTIVATION_ENERGY.column: Estimate.around(energy, energy_width, ACTIVATION_ENERGY),
        }
        verdict = self.level.blend.knows(family) & self.domain.verdict(question.batch, doubt)
        words = np.full(len(question.batch), ELECTROLYTES, dtype=object)
        return Answer(estimates, doubt, verdict, taught_by=words, structure_source=self._structure_source(question))

    @property
    def reads_structures(self) -> bool:
        """Whether a structure changes the answers."""
        return self.level.structure is not None or self.activation_energy.structure is not None

    def _structure_source(self, question: Question) -> np.ndarray:
        """Whether each row's structure was used: given, missing (the model knows structures, the row has none)."""
        words = np.full(len(question.batch), NOT_USED, dtype=object)
        if not self.reads_structures:
            return words
        has = np.zeros(len(words), dtype=bool) if question.structures is None else has_structure(question.structures)
        words[~has] = MISSING
        words[self.level.given(question) | self.activation_energy.given(question)] = GIVEN
        return words

    def _values(self, question: Question) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Level at 25 C, energy and family (n,): by the students where a fast answer is asked, else by the blends."""
        both = self.level, self.activation_energy
        if question.fast:
            family = family_codes(question.batch)
            level, energy = (
                t.blend.or_median(t.student.values(question.columns(t.student.columns)), family) for t in both
            )
            return level, energy, family
        places = Places.of(question.batch, question.inputs)
        distances = self.relatives.distances(places)
        level, energy = (t.blend.predict(distances, places, question.inputs) for t in both)
        return level, energy, places.family

    def _write(self, folder: Path) -> dict:
        self.level.save(folder / "level")
        self.activation_energy.save(folder / "activation_energy")
        self.relatives.save(folder / "relatives.npz")
        if self.glasses is not None:
            self.glasses.save(folder / "glasses")
        return {"limit": self.domain.limit, "mobile_ions": list(self.domain.mobile_ions)}

    @classmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        return cls(
            Taught.load(folder / "level"),
            Taught.load(folder / "activation_energy"),
            Relatives.load(folder / "relatives.npz"),
            Domain(facts["limit"], tuple(facts["mobile_ions"])),
            # A model saved before there was one of glasses has none.
            GlassModel.load(folder / "glasses") if (folder / "glasses").is_dir() else None,
        )
