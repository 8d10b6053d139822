"""Errors of predictions, each a plain function of two arrays."""

import numpy as np
from scipy.stats import rankdata


def regression_metrics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """MAE, RMSE, bias, Spearman rank correlation and top-decile recall of n predictions.

    Parameters
    ----------
    truth, predicted : (n,) float64
        In the same unit; MAE equals `sklearn.metrics.mean_absolute_error`, RMSE `root_mean_squared_error`.

    Returns
    -------
    dict
        `MAE`, `RMSE`, `bias` (mean of predicted - truth), `Spearman` (NaN where either is constant), and `top10`, the
        share of the true top 10 % that is found in the predicted top 10 %.

    Raises
    ------
    ValueError
        If lengths differ, nothing is given, or a value is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> regression_metrics(np.array([-3.0, -4.0]), np.array([-3.5, -4.0]))["MAE"]
    0.25
    """
    truth, predicted = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if truth.shape != predicted.shape or truth.ndim != 1 or not truth.size:
        raise ValueError(f"truth {truth.shape} and prediction {predicted.shape} must be equally long, not empty")
    if not (np.isfinite(truth).all() and np.isfinite(predicted).all()):
        raise ValueError("truth and prediction must be finite; leave out what is missing before scoring")
    error = predicted - truth
    constant = np.ptp(truth) == 0 or np.ptp(predicted) == 0
    top = max(1, round(0.1 * truth.size))
    best_true = set(np.argsort(-truth, kind="stable")[:top].tolist())
    best_said = set(np.argsort(-predicted, kind="stable")[:top].tolist())
    return {
        "MAE": float(np.abs(error).mean()),
        "RMSE": float(np.sqrt((error**2).mean())),
        "bias": float(error.mean()),
        "Spearman": float("nan") if constant else float(np.corrcoef(rankdata(truth), rankdata(predicted))[0, 1]),
        "top10": len(best_true & best_said) / top,
    }


def interval_metrics(truth: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> dict[str, float]:
    """Coverage and mean width of n intervals.

    Examples
    --------
    >>> import numpy as np
    >>> interval_metrics(np.array([1.0, 2.0]), np.array([0.0, 2.5]), np.array([2.0, 3.5]))
    {'coverage': 0.5, 'width': 1.5}
    """
    return {
        "coverage": float(((truth >= lower) & (truth <= upper)).mean()),
        "width": float((upper - lower).mean()),
    }


def grouped_bootstrap_MAE(
    errors: np.ndarray, groups: np.ndarray, level: float = 0.9, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of the mean absolute error, drawing whole groups with replacement.

    Parameters
    ----------
    errors : (n,) float64
        Predicted minus true.
    groups : (n,)
        Group of each row; rows of a group come or stay away together.
    level, draws, seed
        Central fraction of the draws that the interval holds, their number, and the generator's seed.
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    count = np.bincount(codes)
    total = np.bincount(codes, weights=np.abs(errors))
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, count.size, size=(draws, count.size))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
