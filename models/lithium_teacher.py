"""What lithium polymer electrolytes teach: a booster of polymer, anion, molality and temperature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ..featurize.mixture import MixtureBatch
from ..featurize.repeat_unit import ANION_COLUMNS, POLYMER_COLUMNS
from .booster import BoosterEnsemble, BoosterSettings
from .inputs import THERMAL
from .physics import kelvin

COLUMNS = (THERMAL, *POLYMER_COLUMNS, *ANION_COLUMNS, "log10_salt_molality")
SETTINGS = BoosterSettings(
    rounds=300,
    parameters={
        "max_depth": 6, "eta": 0.08, "subsample": 0.7, "colsample_bytree": 0.6, "min_child_weight": 10, "nthread": 1,
    },
    monotone={THERMAL: 1},
)  # fmt: skip
# Where the loading of a polymer is not told: EO:Na of about 19, the usual.
USUAL_MOLALITY = 1.2
_LOWEST, _HIGHEST = 1e-3, 30.0


@dataclass(frozen=True)
class LithiumTeacher:
    """A booster fitted on lithium polymers, asked about sodium ones as if their sodium were lithium."""

    booster: BoosterEnsemble

    @classmethod
    def fit(cls, inputs: np.ndarray, target: np.ndarray) -> Self:
        """Fit on `inputs` (n, p) of `teacher_inputs` and log10 conductivity (n,)."""
        return cls(BoosterEnsemble.fit(inputs, target, COLUMNS, SETTINGS))

    def predict(self, batch: MixtureBatch) -> np.ndarray:
        """log10 conductivity (n,) of polymer and salt alone at the temperature of each row."""
        molality = batch.column("salt_molality_mol_kg")
        molality = np.where(np.isnan(molality), USUAL_MOLALITY, molality)
        temperature = np.nan_to_num(batch.temperature_C, nan=25.0)
        inputs = teacher_inputs(batch.columns(POLYMER_COLUMNS), batch.columns(ANION_COLUMNS), molality, temperature)
        return self.booster.predict(inputs)

    def save(self, folder: Path) -> None:
        """Write xgboost's own files."""
        self.booster.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Inverse of `save`."""
        return cls(BoosterEnsemble.load(folder))


def teacher_inputs(
    polymer: np.ndarray, anion: np.ndarray, molality_mol_kg: np.ndarray, temperature_C: np.ndarray
) -> np.ndarray:
    """Input matrix (n, p) float32, columns `COLUMNS`, from descriptors of `featurize.repeat_unit`."""
    loading = np.log10(np.clip(molality_mol_kg, _LOWEST, _HIGHEST))
    return np.column_stack([-1000.0 / kelvin(temperature_C), polymer, anion, loading]).astype(np.float32)
