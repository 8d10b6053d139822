"""Fit each property model, with the out-of-fold predictions that its intervals and its metrics stand on."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..featurize.composition import CompositionBatch
from ..models.arrhenius import ArrheniusModel
from ..models.base import PropertyModel
from ..models.blend import Blend, BlendSettings
from ..models.booster import BoosterEnsemble, BoosterSettings
from ..models.domain import Domain
from ..models.gaussian_process import Kernel, Places
from ..models.hull import HullModel
from ..models.inputs import THERMAL, input_columns, input_positions, model_inputs
from ..models.intervals import GroupedConformal
from ..models.properties import (
    ACTIVATION_ENERGY,
    CONDUCTIVITY,
    ENERGY_ABOVE_HULL,
    OXIDATION_LIMIT,
    REDUCTION_LIMIT,
    Property,
)
from ..models.window import WindowModel, uncross
from .folds import grouped_folds

N_FOLDS = 8
# Groups that are held out together; the first calibrates the intervals.
GROUPINGS = {"system": "chemical system", "source": "paper"}
# The domain ends where nine in ten of the held-out systems lay: farther out, no interval was tested.
DOMAIN_QUANTILE = 0.9

# One thread each: folds run side by side, and the same data give the same trees on every machine.
_SMALL_TABLE = {
    "max_depth": 4,
    "eta": 0.04,
    "subsample": 0.65,
    "colsample_bytree": 0.3,
    "min_child_weight": 3,
    "reg_lambda": 3,
    "nthread": 1,
}
_COLUMNS = input_columns("ionic", "framework")
LEVEL = BlendSettings(
    _COLUMNS,
    BoosterSettings(rounds=600, parameters=_SMALL_TABLE, monotone={THERMAL: 1}),
    Kernel(
        constant=0.446,
        whole=0.816,
        l_whole=4.79,
        framework=1.01,
        l_framework=2.51,
        ionic=1.336,
        l_ionic=0.783,
        slope=1.28,
        slope_relative=0.495,
        l_slope=0.456,
        state=0.184,
        l_state=2.52,
        source=0.514,
        noise=0.582,
    ),
    share=2 / 3,
)
ENERGY = BlendSettings(
    _COLUMNS,
    BoosterSettings(rounds=600, parameters=_SMALL_TABLE),
    Kernel(
        constant=0.08,
        whole=0.10,
        l_whole=4.79,
        framework=0.10,
        l_framework=2.51,
        ionic=0.16,
        l_ionic=0.783,
        slope=0.1,
        slope_relative=0.05,
        l_slope=0.456,
        state=0.03,
        l_state=2.52,
        source=0.06,
        noise=0.08,
    ),
    share=2 / 3,
)
COMPUTED = BoosterSettings(
    rounds=500,
    seeds=1,
    parameters={"max_depth": 7, "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.4, "nthread": 1},
)


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of one property by models that had not seen the row's group.

    Parameters
    ----------
    fact : Property
        What was predicted.
    grouping : str
        Key of `GROUPINGS`.
    truth, predicted, baseline : (n,) float64
        Measured, predicted, and the median of the training folds.
    fold, group : (n,)
        Fold number and group of each row.
    distance : (n,) float64
        Domain score of each row against its training folds; zeros where the model has no domain.
    row : (n,) int
        Position of each row in the table that was fitted.
    """

    fact: Property
    grouping: str
    truth: np.ndarray
    predicted: np.ndarray
    baseline: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    distance: np.ndarray
    row: np.ndarray


@dataclass(frozen=True)
class Fitted:
    """A model fitted on all rows, its out-of-fold predictions and the settings of its boosters."""

    model: PropertyModel
    out_of_fold: list[OutOfFold]
    settings: dict[str, BoosterSettings | BlendSettings]
    rows: int


def fit_arrhenius(rows: pd.DataFrame, n_folds: int = N_FOLDS, seed: int = 0) -> Fitted:
    """Fit conductivity and activation energy.

    Parameters
    ----------
    rows : DataFrame
        Measured rows: formula, temperature_C, state, log10_conductivity, activation_energy_eV (either may be missing),
        weight, group_system, group_source.
    n_folds, seed : int
        Folds of the calibration and their shuffle.
    """
    batch = CompositionBatch.from_formulas(rows["formula"])
    inputs = model_inputs(batch, rows["temperature_C"].to_numpy(np.float64), rows["state"].to_numpy(object))
    weight = rows["weight"].to_numpy(np.float64)
    source = rows["group_source"].to_numpy(object)
    places = Places.of(batch, inputs)
    oofs, intervals, blends = [], {}, {}
    for fact, settings in ((CONDUCTIVITY, LEVEL), (ACTIVATION_ENERGY, ENERGY)):
        target = rows[fact.column].to_numpy(np.float64)
        use = np.flatnonzero(np.isfinite(target))

        def fit(train: np.ndarray, t: np.ndarray = target, s: BlendSettings = settings) -> Blend:
            return Blend.fit(places[train], inputs[train], t[train], source[train], s, weight[train])

        def predict(train: np.ndarray, test: np.ndarray, fit: Callable = fit) -> np.ndarray:
            return fit(train).predict(places[test], inputs[test])

        for grouping in GROUPINGS:
            groups = rows[f"group_{grouping}"].to_numpy(object)
            oofs.append(
                _out_of_fold(
                    fact, grouping, groups, target, use, n_folds, seed, predict, lambda a, b: _distance(batch, a, b)
                )
            )
        calibration = oofs[-len(GROUPINGS)]
        intervals[fact.name] = GroupedConformal.fit(calibration.predicted - calibration.truth, calibration.distance)
        blends[fact.name] = fit(use)
    measured = np.flatnonzero(rows[CONDUCTIVITY.column].notna())
    domain = Domain.fit(batch[measured], limit=float(np.quantile(oofs[0].distance, DOMAIN_QUANTILE)))
    model = ArrheniusModel(
        blends[CONDUCTIVITY.name],
        blends[ACTIVATION_ENERGY.name],
        intervals[CONDUCTIVITY.name],
        intervals[ACTIVATION_ENERGY.name],
        domain,
    )
    return Fitted(model, oofs, {CONDUCTIVITY.name: LEVEL, ACTIVATION_ENERGY.name: ENERGY}, len(rows))


def fit_window(table: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> Fitted:
    """Fit both limits on computed windows: formula, reduction_limit_V, oxidation_limit_V, group_system."""
    table = table[table[REDUCTION_LIMIT.column].notna() & table[OXIDATION_LIMIT.column].notna()]
    inputs = _computed_inputs(table)
    low, high = (table[p.column].to_numpy(np.float64) for p in (REDUCTION_LIMIT, OXIDATION_LIMIT))
    everything = np.arange(len(table))
    predicted = np.empty((2, len(table)))
    groups = table["group_system"].to_numpy(object)
    folds = grouped_folds(groups, n_folds, seed)

    def fit_fold(fold: int) -> None:
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        predicted[:, test] = uncross(*(_fit(inputs[train], t[train]).predict(inputs[test]) for t in (low, high)))

    _side_by_side(fit_fold, range(n_folds))
    oofs = [
        OutOfFold(
            fact, "system", truth, said, _fold_medians(truth, folds), folds, groups, np.zeros(len(table)), everything
        )
        for fact, truth, said in zip((REDUCTION_LIMIT, OXIDATION_LIMIT), (low, high), predicted, strict=True)
    ]
    model = WindowModel(
        *_side_by_side(lambda t: _fit(inputs, t), (low, high)),
        *(GroupedConformal.fit(o.predicted - o.truth, o.distance) for o in oofs),
    )
    return Fitted(model, oofs, {p.name: COMPUTED for p in WindowModel.properties}, len(table))


def fit_hull(table: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> Fitted:
    """Fit the energy above hull: formula, energy_above_hull_eV_atom, group_system."""
    table = table[table[ENERGY_ABOVE_HULL.column].notna()]
    inputs = _computed_inputs(table)
    target = table[ENERGY_ABOVE_HULL.column].to_numpy(np.float64)
    everything = np.arange(len(table))
    oof = _out_of_fold(
        ENERGY_ABOVE_HULL,
        "system",
        table["group_system"].to_numpy(object),
        target,
        everything,
        n_folds,
        seed,
        lambda train, test: _fit(inputs[train], target[train]).predict(inputs[test]),
        lambda train, test: np.zeros(len(test)),
    )
    model = HullModel(_fit(inputs, target), GroupedConformal.fit(oof.predicted - oof.truth, oof.distance))
    return Fitted(model, [oof], {ENERGY_ABOVE_HULL.name: COMPUTED}, len(table))


def _out_of_fold(
    fact: Property,
    grouping: str,
    groups: np.ndarray,
    target: np.ndarray,
    use: np.ndarray,
    n_folds: int,
    seed: int,
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray],
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> OutOfFold:
    """Predict every row of `use` by a model fitted on the folds without its group."""
    folds = grouped_folds(groups[use], n_folds, seed)
    predicted, distances = np.empty(len(use)), np.empty(len(use))

    def fill(fold: int) -> None:
        inside = folds == fold
        train, test = use[~inside], use[inside]
        predicted[inside] = predict(train, test)
        distances[inside] = distance(train, test)

    _side_by_side(fill, range(n_folds))
    truth = target[use]
    predicted = np.clip(predicted, fact.lower, fact.upper)
    return OutOfFold(fact, grouping, truth, predicted, _fold_medians(truth, folds), folds, groups[use], distances, use)


def _fold_medians(truth: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Median of the other folds (n,): what a person without a model would say."""
    medians = np.array([np.median(truth[folds != fold]) for fold in range(folds.max() + 1)])
    return medians[folds]


def _side_by_side(do: Callable, items: Iterable) -> list:
    """Results of `do` for each item, worked out on all cores; xgboost and numpy let go of the interpreter."""
    # Each item keeps to one thread of its own: nested pools wait for each other longer than they work.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(do, items))


def _distance(batch: CompositionBatch, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Domain score of test rows against the training rows."""
    return Domain.fit(batch[train]).score(batch[test])


def _computed_inputs(table: pd.DataFrame) -> np.ndarray:
    """Inputs of computed properties, which know no temperature and no state."""
    columns = input_positions(input_columns(context=False))
    return model_inputs(CompositionBatch.from_formulas(table["formula"]))[:, columns]


def _fit(inputs: np.ndarray, target: np.ndarray) -> BoosterEnsemble:
    return BoosterEnsemble.fit(inputs, target, input_columns(context=False), COMPUTED)
