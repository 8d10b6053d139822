"""Fit formation and decomposition energies of compounds that have not been computed, from those that have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xgboost as xgb

from ..featurize.composition import CompositionBatch
from ..models.booster import BoosterEnsemble
from ..models.energies import EnergyModel
from ..models.energy_features import KnownEnergies, composition_inputs, known_columns

# Chosen on the validation rows of the Materials Project split; docs/energies.md says against what. The slope, eV/atom,
# is where the loss turns from squared to absolute: a few compounds lie eV/atom above their hull.
_PARAMETERS = {
    "tree_method": "hist",
    "objective": "reg:pseudohubererror",
    "huber_slope": 0.1,
    "max_depth": 11,
    "eta": 0.04,
    "subsample": 0.8,
    "colsample_bytree": 0.12,
    "min_child_weight": 2,
    "reg_lambda": 2,
    "base_score": 0.0,
}


@dataclass(frozen=True)
class EnergySettings:
    """How the boosters are fitted.

    Parameters
    ----------
    rounds : int
        Trees of each.
    seeds : int
        Boosters of each energy; their mean is the prediction.
    threads : int
        Threads of xgboost.
    parameters : mapping
        Passed to `xgboost.train`.
    """

    rounds: int = 800
    seeds: int = 1
    threads: int = 1
    parameters: Mapping[str, Any] = field(default_factory=lambda: dict(_PARAMETERS))


def fit_energies(
    batch: CompositionBatch,
    formation_energy: np.ndarray,
    decomposition_energy: np.ndarray,
    settings: EnergySettings | None = None,
) -> EnergyModel:
    """Fit both energies on n compounds.

    Parameters
    ----------
    batch : CompositionBatch
        n compounds, no composition twice.
    formation_energy, decomposition_energy : ndarray of shape (n,)
        eV/atom.
    settings : EnergySettings, optional

    Raises
    ------
    ValueError
        If a row has no composition or no energy, or repeats another's composition.
    """
    chosen = settings or EnergySettings()
    if not np.isfinite(decomposition_energy).all():
        row = int(np.flatnonzero(~np.isfinite(decomposition_energy))[0])
        raise ValueError(f"row {row}: decomposition energy {decomposition_energy[row]}; leave such rows out")
    known = KnownEnergies(batch, formation_energy)
    composition, names = composition_inputs(batch)
    columns = (*names, *known_columns())
    described = known.describe_held_out()
    inputs = np.hstack([composition, described])
    process = described[:, known_columns().index("process_energy_eV_atom")].astype(np.float64)
    return EnergyModel(
        known,
        _boosters(inputs, formation_energy - process, columns, chosen),
        _boosters(inputs, decomposition_energy, columns, chosen),
    )


def _boosters(
    inputs: np.ndarray, target: np.ndarray, columns: tuple[str, ...], settings: EnergySettings
) -> BoosterEnsemble:
    # Not BoosterEnsemble.fit, which moves the splits so that traces of a dopant tell nothing: compounds have no traces,
    # and trees of this size would take longer to move than to grow.
    matrix = xgb.QuantileDMatrix(inputs, label=target)
    fixed = {**settings.parameters, "nthread": settings.threads}
    members = (xgb.train({**fixed, "seed": seed}, matrix, settings.rounds) for seed in range(settings.seeds))
    return BoosterEnsemble(tuple(members), columns)
