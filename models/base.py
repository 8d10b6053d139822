"""The interface that every property model keeps: estimate with intervals, save and load without pickles."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from ..featurize.composition import CompositionBatch
from .fingerprint import check_fingerprint, make_fingerprint
from .inputs import input_positions
from .properties import Property

FORMAT = 1


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
    """

    batch: CompositionBatch
    inputs: np.ndarray
    temperature_C: np.ndarray
    fast: bool = False

    def columns(self, names: tuple[str, ...]) -> np.ndarray:
        """The named columns of `inputs`, (n, len(names)) float32."""
        return self.inputs[:, input_positions(names)]


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


@dataclass(frozen=True)
class Answer:
    """What a model says: estimates by column name and, where it knows its domain, score and verdict (n,)."""

    estimates: dict[str, Estimate]
    domain_score: np.ndarray | None = None
    in_domain: np.ndarray | None = None


class PropertyModel(ABC):
    """A fitted model of one property, or of two that physics ties together."""

    kind: ClassVar[str]
    properties: ClassVar[tuple[Property, ...]]
    columns: tuple[str, ...]

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
