"""What an evaluation looks at: the same folds for the model, for a plain Magpie booster and for the median."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..featurize.magpie import MagpieFeatures
from ..models.arrhenius import REFERENCE_C
from ..models.booster import BoosterEnsemble, BoosterSettings
from ..models.inputs import THERMAL, input_positions
from ..models.intervals import GroupedConformal
from ..models.physics import arrhenius_decades
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from .measured_table import MeasuredTable, side_by_side
from .metrics import grouped_bootstrap_MAE, interval_metrics, regression_metrics
from .out_of_fold import OutOfFold

# Families of the curated table, merged until each holds enough rows to be left out.
MERGED_FAMILIES = {
    "antiperovskite": "antiperovskite",
    "beta_alumina": "oxide",
    "layered_oxide": "oxide",
    "other_oxide": "oxide",
    "phosphate": "oxide",
    "silicate": "oxide",
    "other": "oxide",
    "borohydride_closo": "hydride and closo-borate",
    "hydride": "hydride and closo-borate",
    "glass": "glass",
    "halide": "halide",
    "oxyhalide": "halide",
    "nasicon": "NASICON",
    "sulfide": "sulfide",
    "selenide": "sulfide",
    "oxysulfide": "sulfide",
}
# Papers from this year on are predicted from the earlier ones.
SPLIT_YEAR = 2022
# The booster a user would write first.
PLAIN_BOOSTER = BoosterSettings(
    rounds=350, parameters={"max_depth": 5, "eta": 0.05, "nthread": 1}, monotone={THERMAL: 1}
)


@dataclass(frozen=True)
class Study:
    """Predictions of one property under one split, for one or several shuffles of the folds.

    Parameters
    ----------
    grouping : str
        Key of `out_of_fold.GROUPINGS`.
    shuffles : list of OutOfFold
        One a seed.
    magpie : list of (n,) float64
        Predictions of the Magpie booster on the same folds; of the first shuffles, where it takes long.
    """

    grouping: str
    shuffles: list[OutOfFold]
    magpie: list[np.ndarray]

    def summary(self) -> dict:
        """One row of figures: means over the shuffles, bootstrap interval over groups for the first."""
        first = self.shuffles[0]
        errors = [regression_metrics(o.truth, o.predicted) for o in self.shuffles]
        magpie = [regression_metrics(o.truth, m)["MAE"] for o, m in zip(self.shuffles, self.magpie, strict=False)]
        low, high = grouped_bootstrap_MAE(first.predicted - first.truth, first.group)
        covered = [interval_metrics(*tested_interval(o)) for o in self.shuffles if len(np.unique(o.fold)) > 1]
        return {
            "property": first.fact.name,
            "grouping": self.grouping,
            "rows": len(first.truth),
            "groups": len(np.unique(first.group.astype(str))),
            "MAE": float(np.mean([e["MAE"] for e in errors])),
            "MAE_seeds_sd": float(np.std([e["MAE"] for e in errors])),
            "fast_MAE": float(np.mean([np.abs(o.fast - o.truth).mean() for o in self.shuffles if o.fast is not None])),
            "MAE_lower": low,
            "MAE_upper": high,
            "Magpie_MAE": float(np.mean(magpie)),
            "median_MAE": float(np.mean([regression_metrics(o.truth, o.baseline)["MAE"] for o in self.shuffles])),
            "RMSE": float(np.mean([e["RMSE"] for e in errors])),
            "Spearman": float(np.mean([e["Spearman"] for e in errors])),
            "top10": float(np.mean([e["top10"] for e in errors])),
            "coverage": float(np.mean([c["coverage"] for c in covered])) if covered else float("nan"),
            "width": float(np.mean([c["width"] for c in covered])) if covered else float("nan"),
        }


def figures(oof: OutOfFold, interval: tuple[np.ndarray, np.ndarray, np.ndarray]) -> dict:
    """One row of what training prints of one split.

    Parameters
    ----------
    oof : OutOfFold
        Out-of-fold predictions.
    interval : tuple of (k,) float64
        Truth and bounds of the rows whose interval was tested, such as `tested_interval` gives them.
    """
    low, high = grouped_bootstrap_MAE(oof.predicted - oof.truth, oof.group)
    metrics = regression_metrics(oof.truth, oof.predicted)
    return {
        "property": oof.fact.name,
        "grouping": oof.grouping,
        "rows": len(oof.truth),
        "groups": len(set(oof.group.tolist())),
        "MAE": metrics["MAE"],
        "MAE_lower": low,
        "MAE_upper": high,
        "median_MAE": regression_metrics(oof.truth, oof.baseline)["MAE"],
        "RMSE": metrics["RMSE"],
        "Spearman": metrics["Spearman"],
        **interval_metrics(*interval),
    }


def study(table: MeasuredTable, fact: Property, grouping: str, n_folds: int, seeds: Iterable[int]) -> Study:
    """Predict a property out of fold under one split.

    Parameters
    ----------
    table : MeasuredTable
        Rows with family and year besides what fitting needs.
    fact : Property
        What is predicted.
    grouping : str
        Key of `out_of_fold.GROUPINGS`; "family" and "time" know one split and take one seed.
    n_folds, seeds
        Folds, and shuffles of them.
    """
    shuffles, magpie = [], []
    for seed in list(seeds) if grouping not in ("family", "time") else [0]:
        folds = _folds(table, fact, grouping, n_folds, seed)
        oof = table.out_of_fold(fact, grouping, folds, fast=True)
        shuffles.append(oof)
        magpie.append(_magpie(table, fact, folds, oof))
    return Study(grouping, shuffles, magpie)


def by_family(one: Study, families: pd.Series) -> pd.DataFrame:
    """Figures of each family of `families` (one a row of the table): rows, MAE, the median's, bias and coverage."""
    parts = []
    for oof in one.shuffles:
        truth, lower, upper = tested_interval(oof)
        parts.append(
            pd.DataFrame(
                {
                    "family": families.to_numpy(object)[oof.row],
                    "error": np.abs(oof.predicted - oof.truth),
                    "median_error": np.abs(oof.baseline - oof.truth),
                    "bias": oof.predicted - oof.truth,
                    "covered": (truth >= lower) & (truth <= upper),
                }
            )
        )
    means = pd.concat(parts).groupby("family").mean()
    means.insert(0, "rows", parts[0].groupby("family").size())
    means.columns = ["rows", "MAE", "median_MAE", "bias", "coverage"]
    return means.sort_values("rows", ascending=False).reset_index()


def by_domain(one: Study, bins: int = 10) -> pd.DataFrame:
    """Error by decile of the domain score: does the score rise with the error?"""
    parts = pd.concat(
        pd.DataFrame({"score": o.domain_score, "error": np.abs(o.predicted - o.truth)}) for o in one.shuffles
    )
    decile = pd.qcut(parts["score"].rank(method="first"), bins, labels=False) + 1
    means = parts.groupby(decile.rename("decile")).agg(
        score=("score", "mean"), MAE=("error", "mean"), rows=("error", "size")
    )
    return means.reset_index()


def slope_check(table: MeasuredTable, n_folds: int, seed: int = 0) -> dict:
    """Does the temperature dependence hold? On rows with both a conductivity and an activation energy of their own.

    Returns
    -------
    dict
        `energy_bias_eV`: mean of predicted minus measured activation energy; `counterfactual_MAE`: error in decades
        after moving each held-out row by its own measured energy to 25, 100 and 200 C, against what is served there;
        both with every row asked as if reported at 25 C, and once more `as_reported`, told the temperature of its
        report. `served_MAE`: error of what is served at each row's own temperature, asked as if reported at 25 C.
    """
    folds = table.folds(CONDUCTIVITY, "system", n_folds, seed)
    energy, level = table.target(ACTIVATION_ENERGY), table.target(CONDUCTIVITY)
    temperature, rows = table.rows["temperature_C"].to_numpy(np.float64), len(folds)
    asked = MeasuredTable.of(pd.concat([table.rows.assign(temperature_C=REFERENCE_C), table.rows]))
    said_level, said_energy = np.full((2, 2 * rows), np.nan)

    def fill(fold: int) -> None:
        test = np.flatnonzero(folds == fold)
        twice = np.concatenate([test, rows + test])
        # A row without a conductivity has no fold; it may teach the energy only if its system is not tested.
        apart = ~np.isin(table.rows["group_system"], table.rows["group_system"].iloc[test])
        for fact, said in ((CONDUCTIVITY, said_level), (ACTIVATION_ENERGY, said_energy)):
            train = np.flatnonzero(apart & np.isfinite(table.target(fact)))
            said[twice] = table.fit_and_predict(fact, train, asked, twice).predicted

    side_by_side(fill, range(n_folds))
    both = np.isfinite(energy) & table.measured(CONDUCTIVITY) & (folds >= 0)

    def moved(said_level: np.ndarray, said_energy: np.ndarray, reported_C: np.ndarray) -> float:
        errors = []
        for target in (25.0, 100.0, 200.0):
            truth = level + energy * arrhenius_decades(target, temperature)
            errors.append(np.abs(said_level + said_energy * arrhenius_decades(target, reported_C) - truth)[both])
        return float(np.mean(errors))

    (cold_level, own_level), (cold_energy, own_energy) = (said.reshape(2, rows) for said in (said_level, said_energy))
    scored = (folds >= 0) & table.measured(CONDUCTIVITY)
    served = cold_level + cold_energy * arrhenius_decades(temperature, REFERENCE_C)
    return {
        "rows": int(both.sum()),
        "energy_bias_eV": float(np.mean((cold_energy - energy)[both])),
        "energy_bias_as_reported_eV": float(np.mean((own_energy - energy)[both])),
        "counterfactual_MAE": moved(cold_level, cold_energy, np.full(rows, REFERENCE_C)),
        "counterfactual_MAE_as_reported": moved(own_level, own_energy, temperature),
        "served_rows": int(scored.sum()),
        "served_MAE": float(np.mean(np.abs(served - level)[scored])),
        "served_near_room_MAE": float(np.mean(np.abs(served - level)[scored & (np.abs(temperature - 25.0) <= 10.0)])),
    }


def tested_interval(oof: OutOfFold) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth and bounds (n,) of the 90 % interval of out-of-fold rows, each fold's calibrated on the other folds."""
    half = np.empty(len(oof.truth))
    for fold in np.unique(oof.fold):
        inside = oof.fold == fold
        half[inside] = _half_widths(oof, ~inside, oof.domain_score[inside], oof.known[inside], oof.family[inside])
    return oof.truth, oof.predicted - half, oof.predicted + half


def limits_kept(oof: OutOfFold) -> dict[str, float]:
    """How many held-out rows have only an upper limit, and in what share what is said of them lies below it.

    Returns
    -------
    dict
        `limits`: rows; `predicted_below`: share whose prediction lies below the limit; `interval_below`: share whose
        90 % interval, calibrated on the rows that have a value, reaches below. Without such rows the shares are NaN.
    """
    found = oof.limits
    if found is None:
        return {"limits": 0, "predicted_below": float("nan"), "interval_below": float("nan")}
    half = _half_widths(oof, np.ones(len(oof.truth), dtype=bool), found.domain_score, found.known, found.family)
    return {
        "limits": len(found.limit),
        "predicted_below": float((found.predicted < found.limit).mean()),
        "interval_below": float((found.predicted - half < found.limit).mean()),
    }


def _half_widths(
    oof: OutOfFold, others: np.ndarray, score: np.ndarray, known: np.ndarray, family: np.ndarray
) -> np.ndarray:
    """Half widths (k,) of 90 % intervals of k rows, calibrated on the rows `others` (n,) bool of the record."""
    prior = GroupedConformal.fit((oof.baseline - oof.truth)[others])
    familiar = others & oof.known
    # Where whole families are left out, hardly a row is familiar, and the prior is all there is.
    parts = ((oof.predicted - oof.truth)[familiar], oof.domain_score[familiar], oof.family[familiar])
    grouped = GroupedConformal.fit(*parts) if familiar.sum() >= 100 else prior
    half = np.empty(len(score))
    half[known] = grouped.half_width(score[known], kinds=family[known])
    half[~known] = prior.half_width(np.ones(len(score))[~known])
    return half


def _folds(table: MeasuredTable, fact: Property, grouping: str, n_folds: int, seed: int) -> np.ndarray:
    known = np.isfinite(table.target(fact))
    if grouping == "family":
        codes = pd.factorize(table.rows["family"].map(MERGED_FAMILIES), sort=True)[0]
        return np.where(known, codes, -1)
    if grouping == "time":
        # Fold 0 is predicted, the rest only taught; a row of unknown year teaches nothing here.
        year = table.rows["year"].to_numpy(np.float64)
        return np.where(known & (year >= SPLIT_YEAR), 0, np.where(known & (year < SPLIT_YEAR), -1, -2))
    return table.folds(fact, grouping, n_folds, seed)


def _magpie(table: MeasuredTable, fact: Property, folds: np.ndarray, oof: OutOfFold) -> np.ndarray:
    """The booster a user would write first, on the same folds: matminer's Magpie columns and the temperature."""
    features = MagpieFeatures(dtype="float32")
    thermal = table.inputs[:, input_positions((THERMAL,))]
    inputs = np.hstack([features.compute(table.batch), thermal])
    columns = (*features.feature_names(), THERMAL)
    settings = (
        PLAIN_BOOSTER if fact is CONDUCTIVITY else BoosterSettings(PLAIN_BOOSTER.rounds, 1, PLAIN_BOOSTER.parameters)
    )
    target = table.target(fact)
    predicted = np.empty(len(target))
    teaches = np.isfinite(target) & (folds > -2)

    def fill(fold: int) -> None:
        train, test = np.flatnonzero(teaches & (folds != fold)), np.flatnonzero(folds == fold)
        predicted[test] = BoosterEnsemble.fit(inputs[train], target[train], columns, settings).predict(inputs[test])

    side_by_side(fill, np.unique(oof.fold))
    return predicted[oof.row]
