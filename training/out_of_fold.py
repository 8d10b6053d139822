"""Predictions of rows by models that had not seen their group: what metrics and intervals stand on."""

from dataclasses import dataclass

import numpy as np

from ..models.properties import Property

# What stays on one side of a split; the chemical system calibrates the intervals.
GROUPINGS = {
    "system": "chemical system",
    "source": "paper",
    "family": "family, one left out",
    "time": "time, later papers predicted",
    "random": "nothing (random rows)",
}


@dataclass(frozen=True)
class HeldOutLimits:
    """Predictions of k rows of which only an upper limit is known, by models that had not seen their group.

    Parameters
    ----------
    limit, predicted, domain_score : (k,) float64
        What the value lies below, what was predicted, and the domain score against the training folds.
    known, family : (k,)
        As in `OutOfFold`.
    """

    limit: np.ndarray
    predicted: np.ndarray
    domain_score: np.ndarray
    known: np.ndarray
    family: np.ndarray


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
    limits : HeldOutLimits, optional
        Rows that have only a limit, which no metric scores and no interval is calibrated on.
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
    limits: HeldOutLimits | None = None
