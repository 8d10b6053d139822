"""A fast copy of a slow model: boosted trees taught by it, on many more compositions than were measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .booster import BoosterEnsemble, BoosterSettings
from .inputs import input_positions


@dataclass(frozen=True)
class StudentSettings:
    """Boosters of the value and of the doubt."""

    value: BoosterSettings
    doubt: BoosterSettings

    def as_dict(self) -> dict:
        """Flat dictionary for logging."""
        return {f"{name}_{k}": v for name in ("value", "doubt") for k, v in getattr(self, name).as_dict().items()}


@dataclass(frozen=True)
class Student:
    """Boosters that say what their teacher would: model compression (10.1145/1150402.1150464).

    The teacher, a `Blend`, compares a composition with every measured one. The student says nearly the same many times
    as fast, which is what a screen of millions wants; but it goes up in steps, where the teacher's answer is smooth in
    the amount of a dopant.

    Parameters
    ----------
    value : BoosterEnsemble
        Of the property.
    doubt : BoosterEnsemble
        Of the logarithm of the spread: the standard deviation that the measured relatives leave open.
    """

    value: BoosterEnsemble
    doubt: BoosterEnsemble

    @classmethod
    def fit(
        cls,
        inputs: np.ndarray,
        taught: np.ndarray,
        doubt: BoosterEnsemble,
        weight: np.ndarray,
        settings: BoosterSettings,
    ) -> Self:
        """Fit on what the teacher says, beside a doubt that is fitted already.

        Parameters
        ----------
        inputs : (m, p) float32
            Rows, as `model_inputs` gives them.
        taught : (m,) float64
            The teacher's mean.
        doubt : BoosterEnsemble
            As `fit_doubt` gives it, of the same columns.
        weight : (m,) float64
            Weights of the rows.
        settings : BoosterSettings
            Hyperparameters of the value.
        """
        chosen = inputs[:, input_positions(doubt.columns)]
        return cls(BoosterEnsemble.fit(chosen, taught, doubt.columns, settings, weight), doubt)

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns of both boosters."""
        return self.value.columns

    def values(self, inputs: np.ndarray) -> np.ndarray:
        """Value (n,) float64 of rows given by the inputs of `columns` (n, len(columns))."""
        return self.value.predict(inputs)

    def doubts(self, inputs: np.ndarray) -> np.ndarray:
        """Doubt (n,) float64 of rows given by the inputs of `columns`, in the unit of the value."""
        return read_doubt(self.doubt, inputs)

    def save(self, folder: Path) -> None:
        """Write both boosters into a folder."""
        self.value.save(folder / "value")
        self.doubt.save(folder / "doubt")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        return cls(BoosterEnsemble.load(folder / "value"), BoosterEnsemble.load(folder / "doubt"))


def fit_doubt(
    inputs: np.ndarray, spread: np.ndarray, weight: np.ndarray, columns: tuple[str, ...], settings: BoosterSettings
) -> BoosterEnsemble:
    """Teach trees the logarithm of what measured relatives leave open.

    Parameters
    ----------
    inputs : (m, p) float32
        Rows, as `model_inputs` gives them.
    spread : (m,) float64
        The teacher's standard deviation, in the unit of the value.
    weight : (m,) float64
        Weights of the rows.
    columns : tuple of str
        Input columns to use.
    settings : BoosterSettings
        Hyperparameters.
    """
    return BoosterEnsemble.fit(inputs[:, input_positions(columns)], np.log(spread), columns, settings, weight)


def read_doubt(doubt: BoosterEnsemble, inputs: np.ndarray) -> np.ndarray:
    """Doubt (n,) float64 that trees of `fit_doubt` say of inputs (n, p) of their columns."""
    return np.exp(doubt.predict(inputs))
