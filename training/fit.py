"""Fit each property model, with the out-of-fold predictions that its intervals and its metrics stand on."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..featurize.composition import CompositionBatch
from ..models.arrhenius import ArrheniusModel, Taught
from ..models.base import PropertyModel
from ..models.blend import Blend
from ..models.booster import BoosterEnsemble, BoosterSettings
from ..models.domain import Domain
from ..models.exact_values import ExactValues
from ..models.gaussian_process import Posterior
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
from ..models.relatives import Places, Relatives
from ..models.student import Student, StudentSettings
from ..models.window import WindowModel, uncross
from .folds import grouped_folds
from .pseudo_data import PseudoData
from .settings import COMPUTED, MEASURED_WEIGHT, STUDENTS, TEACHERS

N_FOLDS = 8
# What stays on one side of a split; the chemical system calibrates the intervals.
GROUPINGS = {
    "system": "chemical system",
    "source": "paper",
    "family": "family, one left out",
    "time": "time, later papers predicted",
    "random": "nothing (random rows)",
}
# The domain ends where nine in ten of the held-out systems lay: farther out, no interval was tested.
DOMAIN_QUANTILE = 0.9


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
    domain_score : (n,) float64
        Domain score of each row against its training folds; ones where the model has no domain.
    row : (n,) int
        Position of each row in the table that was fitted.
    known : (n,) bool
        Whether the row's family was in the training folds; where not, the prediction is the median.
    family : (n,) int
        Family of each row, as `Places.family`, of computed properties the main anion; -1 where not told apart.
    fast : (n,) float64, optional
        Predicted by the fast copy, where the model has one.
    """

    fact: Property
    grouping: str
    truth: np.ndarray
    predicted: np.ndarray
    baseline: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    domain_score: np.ndarray
    row: np.ndarray
    known: np.ndarray
    family: np.ndarray
    fast: np.ndarray | None = None


@dataclass(frozen=True)
class Fitted:
    """A model fitted on all rows of `table`, its out-of-fold predictions and the settings of its boosters."""

    model: PropertyModel
    out_of_fold: list[OutOfFold]
    settings: dict[str, BoosterSettings | StudentSettings]
    table: pd.DataFrame

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


@dataclass(frozen=True)
class Held:
    """Held-out rows (n,): predicted by the blend, by its student, whether their family was known, and the doubt."""

    predicted: np.ndarray
    fast: np.ndarray
    known: np.ndarray
    doubt: np.ndarray


@dataclass(frozen=True)
class MeasuredTable:
    """Measured rows with what the models see of them, made once for many fits.

    Parameters
    ----------
    rows : DataFrame
        formula, temperature_C, state, log10_conductivity, activation_energy_eV (either may be missing), weight,
        group_system, group_source.
    batch : CompositionBatch
        Their compositions.
    inputs : (n, p) float32
        Their `model_inputs`, at the temperature of each row.
    places : Places
        Where they lie for the Gaussian process of the teacher.
    """

    rows: pd.DataFrame
    batch: CompositionBatch
    inputs: np.ndarray
    places: Places

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Self:
        """Compute features of `rows`."""
        batch = CompositionBatch.from_formulas(rows["formula"])
        inputs = model_inputs(batch, rows["temperature_C"].to_numpy(np.float64), rows["state"].to_numpy(object))
        return cls(rows, batch, inputs, Places.of(batch, inputs))

    def target(self, fact: Property) -> np.ndarray:
        """Values (n,) of a property; NaN where a row has none."""
        return self.rows[fact.column].to_numpy(np.float64)

    @cached_property
    def relatives(self) -> tuple[Relatives, np.ndarray]:
        """Distinct compositions, and which of them (n,) each row is."""
        return Relatives.of(self.places)

    @cached_property
    def _pseudo_data(self) -> PseudoData:
        relatives, which = self.relatives
        return PseudoData.near(self.batch[np.unique(which, return_index=True)[1]], relatives)

    def fit(self, fact: Property, train: np.ndarray, relatives: Relatives, which: np.ndarray) -> tuple[Blend, Student]:
        """Fit a blend on the rows at positions `train`, and a student on what it says of them and of pseudo data.

        Parameters
        ----------
        fact : Property
            What is fitted.
        train : (m,) int
            Rows.
        relatives, which : Relatives, (m,) int
            Distinct compositions, and which of them each of the rows is.
        """
        target, places, inputs = self.target(fact)[train], self.places[train], self.inputs[train]
        source, weight = (self.rows[c].to_numpy()[train] for c in ("group_source", "weight"))
        settings = TEACHERS[fact.name]
        posterior = Posterior.fit(settings.kernel, relatives, which, places, target, source)
        blend = Blend.fit(posterior, inputs, target, settings, weight)
        # A row that is held out must not show where it lies, not even without its value.
        everyone, place = self.relatives
        pseudo = self._pseudo_data.without(~np.isin(np.arange(len(everyone.whole)), place[train]))
        asked = ((places, inputs), (pseudo.places, pseudo.inputs))
        taught = np.concatenate([blend.blended(relatives.distances(p), p, i) for p, i in asked])
        spread = np.concatenate([posterior.spread(p) for p, _ in asked])
        counts = np.repeat([MEASURED_WEIGHT, 1.0], [len(train), len(pseudo.inputs)])
        both = np.concatenate([inputs, pseudo.inputs])
        student = Student.fit(both, taught, spread, counts, settings.columns, STUDENTS[fact.name])
        return blend, student

    def fit_and_predict(self, fact: Property, train: np.ndarray, asked: Self, test: np.ndarray) -> "Held":
        """Fit on the rows `train`, predict the rows `test` of the table `asked`, each at its temperature there."""
        relatives, which = Relatives.of(self.places[train])
        blend, student = self.fit(fact, train, relatives, which)
        places, inputs = asked.places[test], asked.inputs[test]
        return Held(
            blend.predict(relatives.distances(places), places, inputs),
            blend.or_median(student.values(inputs), places.family),
            blend.knows(places.family),
            student.doubts(inputs),
        )

    def out_of_fold(self, fact: Property, grouping: str, folds: np.ndarray) -> "OutOfFold":
        """Predict every row that has the property by a model that saw only the other folds.

        Parameters
        ----------
        fact : Property
            What is predicted.
        grouping : str
            Key of `GROUPINGS`.
        folds : (n,) int
            Fold of each row; rows of fold -1 are always trained on and never scored, those below take no part.
        """
        target = self.target(fact)
        use = np.flatnonzero(np.isfinite(target) & (folds >= 0))
        known = np.flatnonzero(np.isfinite(target) & (folds > -2))
        _ = self._pseudo_data  # made once, before the folds ask for it side by side
        predicted, fast, baseline, doubts = (np.empty(len(target)) for _ in range(4))
        familiar = np.zeros(len(target), dtype=bool)

        def fill(fold: int) -> None:
            train, test = known[folds[known] != fold], use[folds[use] == fold]
            held = self.fit_and_predict(fact, train, self, test)
            predicted[test], fast[test] = held.predicted, held.fast
            familiar[test], doubts[test] = held.known, held.doubt
            baseline[test] = np.median(target[train])

        side_by_side(fill, np.unique(folds[use]))
        groups = self.rows[f"group_{'source' if grouping == 'source' else 'system'}"].to_numpy(object)
        said = np.clip(predicted[use], fact.lower, fact.upper)
        return OutOfFold(
            fact,
            grouping,
            truth=target[use],
            predicted=said,
            baseline=baseline[use],
            fold=folds[use],
            group=groups[use],
            domain_score=doubts[use],
            row=use,
            known=familiar[use],
            family=self.places.family[use],
            fast=np.clip(fast[use], fact.lower, fact.upper),
        )

    def folds(self, fact: Property, grouping: str, n_folds: int, seed: int) -> np.ndarray:
        """Folds (n,) of the rows that have the property, grouped; -1 for the others."""
        use = np.flatnonzero(np.isfinite(self.target(fact)))
        folds = np.full(len(self.rows), -1)
        groups = np.arange(len(use)) if grouping == "random" else self.rows[f"group_{grouping}"].to_numpy(object)[use]
        folds[use] = grouped_folds(groups, n_folds, seed)
        return folds


def fit_arrhenius(rows: pd.DataFrame, n_folds: int = N_FOLDS, seed: int = 0) -> Fitted:
    """Fit conductivity and activation energy.

    Parameters
    ----------
    rows : DataFrame
        As `MeasuredTable` takes them.
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
    relatives, which = table.relatives
    taught = {}
    for fact in ArrheniusModel.properties:
        use = np.flatnonzero(np.isfinite(table.target(fact)))
        blend, student = table.fit(fact, use, relatives, which[use])
        taught[fact.name] = Taught(blend, student, calibrated(calibration[fact.name]), family_prior(table, fact))
    measured = np.flatnonzero(np.isfinite(table.target(CONDUCTIVITY)))
    limit = float(np.quantile(calibration[CONDUCTIVITY.name].domain_score, DOMAIN_QUANTILE))
    model = ArrheniusModel(
        level=taught[CONDUCTIVITY.name],
        activation_energy=taught[ACTIVATION_ENERGY.name],
        relatives=relatives,
        domain=Domain.fit(table.batch[measured], limit),
    )
    return Fitted(model, oofs, {f.name: STUDENTS[f.name] for f in ArrheniusModel.properties}, rows)


def calibrated(oof: OutOfFold) -> GroupedConformal:
    """Intervals from out-of-fold predictions in families that were trained on."""
    residuals = oof.predicted - oof.truth
    return GroupedConformal.fit(residuals[oof.known], oof.domain_score[oof.known], oof.family[oof.known])


def family_prior(table: MeasuredTable, fact: Property) -> GroupedConformal:
    """Intervals around the median for a family that was never measured: each family against all others."""
    target = table.target(fact)
    known = np.isfinite(target)
    target, family = target[known], table.places.family[known]
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


def side_by_side(do: Callable, items: Iterable) -> list:
    """Results of `do` for each item, worked out on all cores; xgboost and numpy let go of the interpreter."""
    # Each item keeps to one thread of its own: nested pools wait for each other longer than they work.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(do, items))


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
