"""Fit each property model, with the out-of-fold predictions that its intervals and its metrics stand on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..models.arrhenius import ArrheniusModel, Taught
from ..models.base import PropertyModel
from ..models.blend import BlendSettings
from ..models.booster import BoosterEnsemble, BoosterSettings
from ..models.domain import Domain
from ..models.exact_values import ExactValues
from ..models.hull import HullModel
from ..models.inputs import input_columns, input_positions, model_inputs
from ..models.intervals import GroupedConformal
from ..models.main_anion import main_anion
from ..models.properties import (
    ACTIVATION_ENERGY,
    CONDUCTIVITY,
    ENERGY_ABOVE_HULL,
    OXIDATION_LIMIT,
    REDUCTION_LIMIT,
    Property,
)
from ..models.student import StudentSettings
from ..models.window import WindowModel, uncross
from .folds import grouped_folds
from .measured_table import MeasuredTable, side_by_side
from .out_of_fold import OutOfFold
from .settings import COMPUTED, STUDENTS, TEACHERS
from .structure_fit import StructureWorth, fit_structures

N_FOLDS = 8
# The domain ends where nine in ten of the held-out systems lay: farther out, no interval was tested.
DOMAIN_QUANTILE = 0.9


@dataclass(frozen=True)
class Fitted:
    """A model fitted on all rows of `table`, its out-of-fold predictions and the settings of its parts.

    `structures` says what the rows' crystal structures brought, where enough rows have one.
    """

    model: PropertyModel
    out_of_fold: list[OutOfFold]
    settings: Mapping[str, BlendSettings | BoosterSettings | StudentSettings]
    table: pd.DataFrame
    structures: tuple[StructureWorth, ...] = ()

    @property
    def rows(self) -> int:
        """Rows fitted on."""
        return len(self.table)

    def only(self, chosen: Callable[[OutOfFold], np.ndarray]) -> Self:
        """The same fit with its out-of-fold record cut to the rows that `chosen` says (n,) bool."""
        cut = [
            replace(oof, **{k: v[chosen(oof)] for k, v in vars(oof).items() if isinstance(v, np.ndarray)})
            for oof in self.out_of_fold
        ]
        return replace(self, out_of_fold=cut)


def fit_arrhenius(rows: pd.DataFrame, n_folds: int = N_FOLDS, seed: int = 0) -> Fitted:
    """Fit conductivity and activation energy.

    Parameters
    ----------
    rows : DataFrame
        As `MeasuredTable` takes them. Structures change no answer to a composition without one, not by a bit.
    n_folds, seed : int
        Folds of the calibration and their shuffle.
    """
    table = MeasuredTable.of(rows)
    oofs = [
        table.out_of_fold(fact, grouping, table.folds(fact, grouping, n_folds, seed))
        for fact in ArrheniusModel.properties
        for grouping in ("system", "source")
    ]
    calibration = {oof.fact.name: oof for oof in oofs if oof.grouping == "system"}
    # Answers without a structure keep the intervals of the composition's model.
    corrections, oofs, worth = fit_structures(table, oofs)
    relatives, which = table.relatives
    taught = {}
    for fact in ArrheniusModel.properties:
        use = np.flatnonzero(np.isfinite(table.target(fact)))
        blend, student = table.fit(fact, use, relatives, which[use])
        intervals, prior = calibrated(calibration[fact.name]), family_prior(table, fact)
        taught[fact.name] = Taught(blend, student, intervals, prior, corrections.get(fact.name))
    measured = np.flatnonzero(table.measured(CONDUCTIVITY))
    limit = float(np.quantile(calibration[CONDUCTIVITY.name].domain_score, DOMAIN_QUANTILE))
    model = ArrheniusModel(
        level=taught[CONDUCTIVITY.name],
        activation_energy=taught[ACTIVATION_ENERGY.name],
        relatives=relatives,
        domain=Domain.fit(table.batch[measured], limit),
    )
    names = [fact.name for fact in ArrheniusModel.properties]
    settings = {name: TEACHERS[name] for name in names} | {f"{name}_student": STUDENTS[name] for name in names}
    return Fitted(model, oofs, settings, rows, tuple(worth))


def calibrated(oof: OutOfFold) -> GroupedConformal:
    """Intervals from out-of-fold predictions in families that were trained on."""
    residuals = oof.predicted - oof.truth
    return GroupedConformal.fit(residuals[oof.known], oof.domain_score[oof.known], oof.family[oof.known])


def family_prior(table: MeasuredTable, fact: Property) -> GroupedConformal:
    """Intervals around the median for a family that was never measured: each family against all others."""
    known = table.measured(fact)
    target, family = table.target(fact)[known], table.places.family[known]
    residuals = np.concatenate([target[family == f] - np.median(target[family != f]) for f in np.unique(family)])
    return GroupedConformal.fit(residuals)


def fit_window(table: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> Fitted:
    """Fit both limits on computed windows: formula, mobile_ion, reduction_limit_V, oxidation_limit_V, group_system."""
    table = table[table[REDUCTION_LIMIT.column].notna() & table[OXIDATION_LIMIT.column].notna()]
    inputs = _computed_inputs(table)
    low, high = (table[p.column].to_numpy(np.float64) for p in (REDUCTION_LIMIT, OXIDATION_LIMIT))
    predicted = np.empty((2, len(table)))
    folds = grouped_folds(table["group_system"], n_folds, seed)

    def fill(fold: int) -> None:
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        predicted[:, test] = uncross(*(_fit(inputs[train], t[train]).predict(inputs[test]) for t in (low, high)))

    side_by_side(fill, range(n_folds))
    oofs = [
        _computed_oof(fact, truth, said, folds, table, inputs)
        for fact, truth, said in zip(WindowModel.properties, (low, high), predicted, strict=True)
    ]
    model = WindowModel(
        _fit(inputs, low),
        _fit(inputs, high),
        calibrated(oofs[0]),
        calibrated(oofs[1]),
        _known(table, WindowModel.properties),
    )
    return Fitted(model, oofs, {p.name: COMPUTED for p in WindowModel.properties}, table)


def fit_hull(table: pd.DataFrame, n_folds: int = 5, seed: int = 0) -> Fitted:
    """Fit the energy above hull: formula, mobile_ion, energy_above_hull_eV_atom, group_system."""
    table = table[table[ENERGY_ABOVE_HULL.column].notna()]
    inputs = _computed_inputs(table)
    target = table[ENERGY_ABOVE_HULL.column].to_numpy(np.float64)
    predicted = np.empty(len(table))
    folds = grouped_folds(table["group_system"], n_folds, seed)

    def fill(fold: int) -> None:
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        predicted[test] = _fit(inputs[train], target[train]).predict(inputs[test])

    side_by_side(fill, range(n_folds))
    oof = _computed_oof(ENERGY_ABOVE_HULL, target, predicted, folds, table, inputs)
    model = HullModel(_fit(inputs, target), calibrated(oof), _known(table, HullModel.properties))
    return Fitted(model, [oof], {ENERGY_ABOVE_HULL.name: COMPUTED}, table)


def _computed_oof(
    fact: Property,
    truth: np.ndarray,
    predicted: np.ndarray,
    folds: np.ndarray,
    table: pd.DataFrame,
    inputs: np.ndarray,
) -> OutOfFold:
    """Out-of-fold record of a computed property, which has no domain; its families are the main anions."""
    medians = np.array([np.median(truth[folds != fold]) for fold in range(folds.max() + 1)])
    return OutOfFold(
        fact,
        "system",
        truth,
        np.clip(predicted, fact.lower, fact.upper),
        medians[folds],
        folds,
        table["group_system"].to_numpy(object),
        np.ones(len(truth)),
        np.arange(len(truth)),
        np.ones(len(truth), dtype=bool),
        main_anion(inputs),
    )


def _computed_inputs(table: pd.DataFrame) -> np.ndarray:
    """Inputs of computed properties, which know no temperature and no state."""
    columns = input_positions(input_columns(context=False))
    return model_inputs(CompositionBatch.from_formulas(table["formula"]))[:, columns]


def _known(table: pd.DataFrame, facts: Iterable[Property]) -> ExactValues:
    """The computed values themselves, for the model to answer where they are asked."""
    values = {fact.column: table[fact.column].to_numpy(np.float64) for fact in facts}
    return ExactValues.of(
        CompositionBatch.from_formulas(table["formula"]), table["mobile_ion"].to_numpy(object), values
    )


def _fit(inputs: np.ndarray, target: np.ndarray) -> BoosterEnsemble:
    return BoosterEnsemble.fit(inputs, target, input_columns(context=False), COMPUTED)
