"""Measured rows with what the models see of them: fitted and predicted many times over, once a fold."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..featurize.composition import CompositionBatch
from ..models.blend import Blend
from ..models.booster import BoosterEnsemble
from ..models.gaussian_process import Posterior
from ..models.inputs import input_positions, model_inputs
from ..models.properties import CONDUCTIVITY, Property
from ..models.relatives import Places, Relatives
from ..models.student import Student, fit_doubt, read_doubt
from .folds import fold_column, grouped_folds
from .out_of_fold import HeldOutLimits, OutOfFold
from .pseudo_data import PseudoData
from .settings import MEASURED_WEIGHT, STUDENTS, TEACHERS
from .taught_structures import taught_structures


@dataclass(frozen=True)
class Held:
    """Held-out rows (n,): predicted, whether their family was known, the doubt, and what a student says, if asked."""

    predicted: np.ndarray
    known: np.ndarray
    doubt: np.ndarray
    fast: np.ndarray | None


@dataclass(frozen=True)
class MeasuredTable:
    """Measured rows with what the models see of them, made once for many fits.

    Parameters
    ----------
    rows : DataFrame
        formula, temperature_C, state, log10_conductivity, activation_energy_eV (either may be missing), weight,
        group_system, group_source; where there is a column `censored` that is true, the conductivity lies below the
        one given. Folds are drawn over the columns of `fold_column` where there are any.
    batch : CompositionBatch
        Their compositions.
    inputs : (n, p) float32
        Their `model_inputs`, at the temperature of each row.
    places : Places
        Where they lie for the Gaussian process of the teacher.
    structures : (n, p) float32, optional
        Features of their crystal structures, NaN in rows that have none; None where no row has one.
    """

    rows: pd.DataFrame
    batch: CompositionBatch
    inputs: np.ndarray
    places: Places
    structures: np.ndarray | None = None

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Self:
        """Compute features of `rows`; a column `structure` of texts may be there."""
        batch = CompositionBatch.from_formulas(rows["formula"])
        inputs = model_inputs(batch, rows["temperature_C"].to_numpy(np.float64), rows["state"].to_numpy(object))
        return cls(rows, batch, inputs, Places.of(batch, inputs), taught_structures(rows, batch))

    def target(self, fact: Property) -> np.ndarray:
        """Values (n,) of a property, limits where `censored`; NaN where a row has none."""
        return self.rows[fact.column].to_numpy(np.float64)

    def censored(self, fact: Property) -> np.ndarray:
        """Rows (n,) bool whose value of a property is not known, but lies below the target."""
        if fact != CONDUCTIVITY or "censored" not in self.rows:
            return np.zeros(len(self.rows), dtype=bool)
        return self.rows["censored"].to_numpy(bool)

    def measured(self, fact: Property) -> np.ndarray:
        """Rows (n,) bool that have a value of a property, not a limit alone."""
        return np.isfinite(self.target(fact)) & ~self.censored(fact)

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
        blend, posterior = self._teacher(fact, train, relatives, which)
        lessons = self._lessons(train)
        return blend, lessons.student(fact, blend, posterior, lessons.doubt(fact, posterior))

    def fit_and_predict(
        self, fact: Property, train: np.ndarray, asked: Self, test: np.ndarray, fast: bool = False
    ) -> Held:
        """Fit on the rows `train`, predict the rows `test` of the table `asked`, each at its temperature there.

        With `fast` a student is taught, too, and says what it would: that takes as long as all the rest.
        """
        blend, posterior = self._teacher(fact, train, *Relatives.of(self.places[train]))
        lessons = self._lessons(train)
        doubt = lessons.doubt(fact, posterior)
        places, inputs = asked.places[test], asked.inputs[test]
        chosen = inputs[:, input_positions(doubt.columns)]
        student = lessons.student(fact, blend, posterior, doubt) if fast else None
        return Held(
            blend.predict(posterior.relatives.distances(places), places, inputs),
            blend.knows(places.family),
            read_doubt(doubt, chosen),
            None if student is None else blend.or_median(student.values(chosen), places.family),
        )

    def _teacher(
        self, fact: Property, train: np.ndarray, relatives: Relatives, which: np.ndarray
    ) -> tuple[Blend, Posterior]:
        source, system, weight = (self.rows[c].to_numpy()[train] for c in ("group_source", "group_system", "weight"))
        target, censored, places = self.target(fact)[train], self.censored(fact)[train], self.places[train]
        settings = TEACHERS[fact.name]
        posterior = Posterior.fit(settings.kernel, relatives, which, places, target, source, censored)
        return Blend.fit(posterior, self.inputs[train], posterior.target, settings, system, weight), posterior

    def _lessons(self, train: np.ndarray) -> "Lessons":
        # A row that is held out must not show where it lies, not even without its value.
        everyone, place = self.relatives
        pseudo = self._pseudo_data.without(~np.isin(np.arange(len(everyone.whole)), place[train]))
        return Lessons(self.places[train], self.inputs[train], pseudo)

    def out_of_fold(self, fact: Property, grouping: str, folds: np.ndarray, fast: bool = False) -> OutOfFold:
        """Predict every row that has a value of the property by a model that saw only the other folds.

        Rows with a limit alone are taught outside their fold, as all others are, and not scored.

        Parameters
        ----------
        fact : Property
            What is predicted.
        grouping : str
            Key of `GROUPINGS`.
        folds : (n,) int
            Fold of each row; rows of fold -1 are always trained on and never scored, those below take no part.
        fast : bool
            Whether to say what fast copies would predict, too.
        """
        target = self.target(fact)
        measured = self.measured(fact)
        asked = np.flatnonzero(np.isfinite(target) & (folds >= 0))
        use, limited = asked[measured[asked]], asked[~measured[asked]]
        known = np.flatnonzero(np.isfinite(target) & (folds > -2))
        _ = self._pseudo_data  # made once, before the folds ask for it side by side
        predicted, copied, baseline, doubts = (np.empty(len(target)) for _ in range(4))
        familiar = np.zeros(len(target), dtype=bool)

        def fill(fold: int) -> None:
            train, test = known[folds[known] != fold], asked[folds[asked] == fold]
            held = self.fit_and_predict(fact, train, self, test, fast)
            predicted[test], familiar[test], doubts[test] = held.predicted, held.known, held.doubt
            if held.fast is not None:
                copied[test] = held.fast
            baseline[test] = np.median(target[train[measured[train]]])

        side_by_side(fill, np.unique(folds[asked]))
        groups = self.rows[f"group_{'source' if grouping == 'source' else 'system'}"].to_numpy(object)
        said = np.clip(predicted, fact.lower, fact.upper)
        family = self.places.family
        limits = HeldOutLimits(target[limited], said[limited], doubts[limited], familiar[limited], family[limited])
        return OutOfFold(
            fact,
            grouping,
            truth=target[use],
            predicted=said[use],
            baseline=baseline[use],
            fold=folds[use],
            group=groups[use],
            domain_score=doubts[use],
            row=use,
            known=familiar[use],
            family=family[use],
            fast=np.clip(copied[use], fact.lower, fact.upper) if fast else None,
            limits=limits if len(limited) else None,
        )

    def folds(self, fact: Property, grouping: str, n_folds: int, seed: int) -> np.ndarray:
        """Folds (n,) of the rows that have the property or a limit to it, grouped; -1 for the others."""
        use = np.flatnonzero(np.isfinite(self.target(fact)))
        folds = np.full(len(self.rows), -1)
        own = fold_column(fact, grouping)
        column = own if own in self.rows else f"group_{grouping}"
        groups = np.arange(len(use)) if grouping == "random" else self.rows[column].to_numpy(object)[use]
        folds[use] = grouped_folds(groups, n_folds, seed)
        return folds


@dataclass(frozen=True)
class Lessons:
    """What a student is taught on: the m training rows, and compositions that nobody measured."""

    places: Places
    inputs: np.ndarray
    pseudo: PseudoData

    def doubt(self, fact: Property, posterior: Posterior) -> BoosterEnsemble:
        """Trees of the doubt that the process leaves."""
        spread = np.concatenate([posterior.spread(places) for places, _ in self._parts])
        columns = TEACHERS[fact.name].columns
        return fit_doubt(self._all_inputs, spread, self._counts, columns, STUDENTS[fact.name].doubt)

    def student(self, fact: Property, blend: Blend, posterior: Posterior, doubt: BoosterEnsemble) -> Student:
        """The student of a blend, with this doubt."""
        distances = posterior.relatives.distances
        taught = np.concatenate([blend.blended(distances(places), places, inputs) for places, inputs in self._parts])
        return Student.fit(self._all_inputs, taught, doubt, self._counts, STUDENTS[fact.name].value)

    @property
    def _parts(self) -> tuple[tuple[Places, np.ndarray], ...]:
        return (self.places, self.inputs), (self.pseudo.places, self.pseudo.inputs)

    @cached_property
    def _all_inputs(self) -> np.ndarray:
        return np.concatenate([self.inputs, self.pseudo.inputs])

    @cached_property
    def _counts(self) -> np.ndarray:
        return np.repeat([MEASURED_WEIGHT, 1.0], [len(self.inputs), len(self.pseudo.inputs)])


def side_by_side(do: Callable, items: Iterable) -> list:
    """Results of `do` for each item, worked out on all cores; xgboost and numpy let go of the interpreter."""
    # Each item keeps to one thread of its own: nested pools wait for each other longer than they work.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(do, items))
