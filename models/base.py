"""The interface that every property model keeps: estimate with intervals, save and load without pickles."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from ..featurize.composition import CompositionBatch
from .fingerprint import check_fingerprint, make_fingerprint
from .inputs import STATE_COLUMNS, input_positions
from .main_anion import main_anion
from .properties import Property

FORMAT = 2


@dataclass(frozen=True)
class Question:
    """n rows asked of a model.

    Parameters
    ----------
    batch : CompositionBatch
        The compositions.
    inputs : (n, p) float32
        `model_inputs` of the batch at the reference temperature and the rows' states.
    temperature_C : (n,) float64
        Temperature the answer is wanted for.
    fast : bool
        Whether a model that has a fast copy of itself may answer with it.
    structures : (n, q) float32, optional
        Features of the rows' crystal structures, NaN in rows that have none.
    """

    batch: CompositionBatch
    inputs: np.ndarray
    temperature_C: np.ndarray
    fast: bool = False
    structures: np.ndarray | None = None
    _columns: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rows(self, rows: np.ndarray) -> "Question":
        """The same asked of some rows (k,) int."""
        structures = None if self.structures is None else self.structures[rows]
        return Question(self.batch[rows], self.inputs[rows], self.temperature_C[rows], self.fast, structures)

    def columns(self, names: tuple[str, ...]) -> np.ndarray:
        """The named columns of `inputs`, (n, len(names)) float32; put together once, since boosters share them."""
        if names not in self._columns:
            places = input_positions(names)
            neighbours = len(places) > 0 and bool((np.diff(places) == 1).all())
            self._columns[names] = self.inputs[:, places[0] : places[-1] + 1] if neighbours else self.inputs[:, places]
        return self._columns[names]

    @cached_property
    def may_be_crystalline(self) -> np.ndarray:
        """Rows (n,) whose state is crystalline or unknown: what is known of a crystal holds for no glass."""
        return np.all(~(self.columns(tuple(STATE_COLUMNS.values())) > 0), axis=1)

    @cached_property
    def main_anion(self) -> np.ndarray:
        """Number (n,) of the anion that each composition is mostly built of; see `main_anion`."""
        return main_anion(self.inputs)


@dataclass(frozen=True)
class Estimate:
    """Value and interval of one property, each (n,) float64, in the unit of its column."""

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @classmethod
    def around(cls, value: np.ndarray, half_width: np.ndarray | float, fact: Property) -> "Estimate":
        """Symmetric interval, with value and both ends kept within the physical bounds of the property."""
        ends = (value, value - half_width, value + half_width)
        return cls(*(np.clip(end, fact.lower, fact.upper) for end in ends))

    def replaced(self, where: np.ndarray, exact: np.ndarray) -> "Estimate":
        """The same with value and both bounds replaced by what is known exactly (n,), in some rows (n,)."""
        return Estimate(*(np.where(where, exact, end) for end in (self.value, self.lower, self.upper)))

    def put(self, rows: np.ndarray, other: "Estimate") -> "Estimate":
        """The same with what another estimate (k,) says in rows (k,) int."""
        ends = [end.copy() for end in (self.value, self.lower, self.upper)]
        for end, new in zip(ends, (other.value, other.lower, other.upper), strict=True):
            end[rows] = new
        return Estimate(*ends)


@dataclass(frozen=True)
class Answer:
    """What a model says: estimates by column name, score and verdict (n,) of its domain, and which rows (n,) are exact.

    A model without a domain leaves `domain_score` and `in_domain` empty, one that only predicts `is_exact`, one that
    was taught one table `taught_by`: the words for the table that each row (n,) is answered from. `structure_source`
    says of each row (n,) whether its structure was used, of models that may be taught structures.
    """

    estimates: dict[str, Estimate]
    domain_score: np.ndarray | None = None
    in_domain: np.ndarray | None = None
    is_exact: np.ndarray | None = None
    taught_by: np.ndarray | None = None
    structure_source: np.ndarray | None = None

    def known(self, exact: Mapping[str, np.ndarray], where: np.ndarray) -> "Answer":
        """The answer with exact values in place of the estimates, in rows where all of its columns are known.

        Parameters
        ----------
        exact : mapping of str to (n,) float64
            By column; NaN where not known. Without one of the answer's columns nothing is replaced.
        where : (n,) bool
            Rows in which exact values hold at all.
        """
        if not self.estimates.keys() <= exact.keys():
            return self
        found = where & ~np.isnan([exact[column] for column in self.estimates]).any(axis=0)
        estimates = {column: estimate.replaced(found, exact[column]) for column, estimate in self.estimates.items()}
        return replace(self, estimates=estimates, is_exact=found if self.is_exact is None else self.is_exact | found)


class PropertyModel(ABC):
    """A fitted model of one property, or of two that physics ties together."""

    kind: ClassVar[str]
    properties: ClassVar[tuple[Property, ...]]
    columns: tuple[str, ...]

    @property
    def reads_structures(self) -> bool:
        """Whether a structure changes the answers."""
        return False

    @abstractmethod
    def estimate(self, question: Question, interval: float = 0.9) -> Answer:
        """Estimates of each of `properties`, in the order of the question's rows."""

    @abstractmethod
    def _write(self, folder: Path) -> dict:
        """Write parts into `folder`; return what `_read` needs besides, as JSON."""

    @classmethod
    @abstractmethod
    def _read(cls, folder: Path, facts: dict) -> Self:
        """Inverse of `_write`."""

    def save(self, folder: Path | str) -> None:
        """Write the model as JSON, npz and xgboost's UBJSON files."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        facts = self._write(folder)
        document = {
            "kind": self.kind,
            "format": FORMAT,
            "properties": [p.name for p in self.properties],
            "fingerprint": make_fingerprint(),
            "facts": facts,
        }
        (folder / "model.json").write_text(json.dumps(document, indent=1))


def read_model(folder: Path | str, kinds: dict[str, type[PropertyModel]]) -> PropertyModel:
    """Load a model saved with `PropertyModel.save`.

    Raises
    ------
    ValueError
        If the format or kind is unknown.
    FingerprintError
        If today's libraries compute other features than those the model was fitted on.
    """
    folder = Path(folder)
    document = json.loads((folder / "model.json").read_text())
    if document["format"] != FORMAT:
        raise ValueError(
            f"{folder}: model format {document['format']} but this ionscout reads format {FORMAT}; "
            "train again, or install the ionscout that wrote it"
        )
    if document["kind"] not in kinds:
        raise ValueError(f"{folder}: unknown model kind {document['kind']!r}; known: {', '.join(sorted(kinds))}")
    check_fingerprint(document["fingerprint"])
    return kinds[document["kind"]]._read(folder, document["facts"])
