"""`ion.retrain`: new measurements in, a challenger taught, compared with the champion, promoted if it deserves to."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..featurize.structure.given import read_given
from ..models.arrhenius import ArrheniusModel
from ..models.base import PropertyModel
from ..models.context import Context
from ..models.prediction import predict_properties
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from .challenge import Comparison, compare, verdict
from .data.contradictions import contradictions
from .drift import drift, drift_plot
from .fit import fit_arrhenius
from .folds import beside_known, fold_column
from .held_out import out_of_fold_table, read_out_of_fold
from .registry import champion_run, champions, connect, experiment_id
from .registry import promote as let_serve
from .store.measurements import Addition, add_measurements
from .store.stored_rows import stored_rows, stored_structures
from .train import measured_rows, record, summarise

log = logging.getLogger(__name__)

PROMOTIONS = ("auto", "always", "never")
TAUGHT = "taught_from_store.json"  # artifact: hashes of the store's rows that a model was taught


@dataclass(frozen=True)
class Retraining:
    """What came of a retraining.

    Parameters
    ----------
    addition : Addition or None
        What came of handing in the new table; None where none was given.
    contradictions : DataFrame
        As `data.contradictions.contradictions`; both sides were kept and taught.
    predicted : DataFrame
        Rows that the champion had never seen, predicted by it before anyone was taught them: measurement_id, formula,
        temperature_C, state, log10_conductivity (a limit where `censored`), censored, activation_energy_eV, both
        properties with `predicted_` and bounds, domain_score, in_domain.
    champion_held : DataFrame
        The champion's own held-out rows, as `held_out.out_of_fold_table`.
    metrics : dict
        Errors on those rows (`prequential_...`), drift (`drift_...`).
    comparisons : list of Comparison
        Champion and challenger on the same held-out rows.
    versions : dict
        Property name to version of the challenger.
    promoted : bool
        Whether it serves.
    reason : str
        Why, or why not.
    """

    addition: Addition | None
    contradictions: pd.DataFrame
    predicted: pd.DataFrame
    champion_held: pd.DataFrame
    metrics: dict[str, float]
    comparisons: list[Comparison]
    versions: dict[str, int]
    promoted: bool
    reason: str


def retrain(
    new: str | Path | pd.DataFrame | None = None,
    by: str = "",
    promote: str = "auto",
    source: str | None = None,
    seed: int = 0,
    uri: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Retraining:
    """Teach conductivity and activation energy the curated table and all that the store holds, structures included.

    New rows are validated and kept (`ion.add_measurements`); the champion predicts what it has never seen; a challenger
    is fitted on everything, with the champion's folds; both are compared on the same held-out rows by a paired
    bootstrap over chemical systems. Every step is on record in one MLflow run.

    Parameters
    ----------
    new : path or DataFrame, optional
        Measurements of electrolytes; without it, what the store holds is taught.
    by : str
        Who vouches for them; needed with `new`.
    promote : {"auto", "always", "never"}
        Whether the challenger shall serve: auto follows `challenge.verdict`.
    source : str, optional
        Where the new rows come from; by default the name of the file.
    seed : int
        Shuffles the folds; the champion's seed keeps its folds.
    uri : str, optional
        The store; by default as `ion.add_measurements` takes it.
    progress : callable, optional
        Told the name of each step as it begins.

    Raises
    ------
    ValueError
        If `promote` is no choice, or the table is not one of electrolytes.
    LookupError
        If nothing serves yet, or the champion kept no out-of-fold predictions.
    """
    tell = progress or log.info
    if promote not in PROMOTIONS:
        raise ValueError(f"{promote=} must be one of {', '.join(PROMOTIONS)}")
    served = next(model for model in champions() if CONDUCTIVITY in model.properties)
    run = champion_run(CONDUCTIVITY.name)
    champion_held = read_out_of_fold(run)
    addition = None
    if new is not None:
        tell("validating and keeping the new measurements")
        addition = add_measurements(new, by, source, "electrolyte", uri)
    stored, brought = stored_rows(uri), stored_structures(uri)
    # Where anybody brings structures, the shipped hosts teach beside them.
    curated = measured_rows(served.reads_structures or "structure" in stored or not brought.empty)
    if not brought.empty:
        curated["structure"] = curated["row"].map(brought).fillna(curated["structure"])
    unseen = stored[~stored["row_hash"].isin(_taught(run))].reset_index(drop=True)
    known = pd.concat([curated, stored], ignore_index=True)
    found = contradictions(unseen, known)
    tell(f"predicting {len(unseen):,} rows that the champion has never seen")
    predicted = _predict(served, unseen)
    metrics = _prequential(predicted) | {f"drift_{k}": v for k, v in drift(predicted, champion_held).items()}
    tell(f"fitting a challenger on {len(known):,} rows")
    table = _with_champion_folds(known, curated)
    fitted = fit_arrhenius(table, seed=seed)
    if isinstance(served, ArrheniusModel) and isinstance(fitted.model, ArrheniusModel):
        # New measurements are of electrolytes; what is known of glasses stays.
        fitted = replace(fitted, model=replace(fitted.model, glasses=served.glasses))
    summary = summarise(fitted)
    challenger_held = out_of_fold_table(fitted)
    names = (CONDUCTIVITY.name, ACTIVATION_ENERGY.name)
    comparisons = [
        compare(champion_held, challenger_held, name, split) for name in names for split in ("system", "source")
    ]
    tell("registering the challenger")
    versions = record(fitted, table, summary, experiment_id(connect()), seed)
    by_system = summary["property"].eq(CONDUCTIVITY.name) & summary["grouping"].eq("system")
    deserves, reason = verdict(comparisons, float(summary.loc[by_system, "coverage"].iloc[0]), len(unseen))
    promoted = promote == "always" or (promote == "auto" and deserves)
    done = Retraining(addition, found, predicted, champion_held, metrics, comparisons, versions, promoted, reason)
    _log(done, stored, promote)
    if promoted:
        for name, number in versions.items():
            let_serve(name, number)
    return done


def _taught(run: str) -> set[str]:
    """Hashes of the store's rows that the model of a run was taught."""
    from mlflow import MlflowClient
    from mlflow.artifacts import load_dict

    found = [artifact.path for artifact in MlflowClient().list_artifacts(run)]
    return set(load_dict(f"runs:/{run}/{TAUGHT}")["row_hashes"]) if TAUGHT in found else set()


def _with_champion_folds(known: pd.DataFrame, curated: pd.DataFrame) -> pd.DataFrame:
    """The rows with columns of groups for the folds, by which curated rows are held out as the champion held them."""
    columns = {}
    for fact in ArrheniusModel.properties:
        has, had = (rows[fact.column].notna() for rows in (known, curated))
        for grouping in ("system", "source"):
            group = f"group_{grouping}"
            beside = beside_known(known.loc[has, group], curated.loc[had, group])
            columns[fold_column(fact, grouping)] = beside.reindex(known.index)
    return known.assign(**columns)


def _predict(model: PropertyModel, rows: pd.DataFrame) -> pd.DataFrame:
    """The champion's answer to each row at its temperature and state, beside what was measured."""
    given = read_given(rows, model.reads_structures, open_files=False)
    context = Context.read(len(rows), rows["temperature_C"].to_numpy(), rows["state"].to_numpy(object))
    answer = pd.DataFrame(predict_properties([model], given.batch, context, structures=given.features))
    measured = rows.rename(columns={"row": "measurement_id"})
    facts = [CONDUCTIVITY.column, ACTIVATION_ENERGY.column]
    columns = ["measurement_id", "formula", "temperature_C", "state", facts[0], "censored", facts[1]]
    said = {f"predicted_{c}{s}": answer[f"{c}{s}"] for c in facts for s in ("", "_lower", "_upper")}
    return measured[columns].assign(**said, domain_score=answer["domain_score"], in_domain=answer["in_domain"])


def _prequential(predicted: pd.DataFrame) -> dict[str, float]:
    """Errors and coverage on rows predicted before they were seen; of limits, how often what was said lies below."""
    metrics: dict[str, float] = {"prequential_rows": float(len(predicted))}
    if len(predicted):
        metrics["prequential_in_domain"] = float(predicted["in_domain"].mean())
    for fact in (CONDUCTIVITY, ACTIVATION_ENERGY):
        said, rows = f"predicted_{fact.column}", predicted[predicted[fact.column].notna()]
        if fact is CONDUCTIVITY:
            limits, rows = rows[rows["censored"]], rows[~rows["censored"]]
            if len(limits):
                metrics["prequential_limits"] = float(len(limits))
                for share, column in (("predicted_below", said), ("interval_below", f"{said}_lower")):
                    below = limits[column] < limits[fact.column]
                    metrics[f"prequential_limits_{share}"] = float(below.mean())
        if rows.empty:
            continue
        truth = rows[fact.column]
        error = (rows[said] - truth).to_numpy()
        metrics[f"prequential_{fact.name}_MAE"] = float(np.abs(error).mean())
        metrics[f"prequential_{fact.name}_bias"] = float(error.mean())
        covered = truth.between(rows[f"{said}_lower"], rows[f"{said}_upper"])
        metrics[f"prequential_{fact.name}_coverage"] = float(covered.mean())
    return metrics


def _log(done: Retraining, stored: pd.DataFrame, promotion: str) -> None:
    """Put the steps into the challenger's run."""
    import mlflow

    number = done.versions[CONDUCTIVITY.name]
    run = mlflow.MlflowClient().get_model_version(CONDUCTIVITY.name, str(number)).run_id
    with mlflow.start_run(run_id=run):
        mlflow.log_metrics({name: value for name, value in done.metrics.items() if np.isfinite(value)})
        for found in done.comparisons:
            for figure in ("difference", "lower", "upper"):
                mlflow.log_metric(f"{found.property}_challenge_{figure}_by_{found.grouping}", getattr(found, figure))
        mlflow.set_tags({"promotion": promotion, "promoted": str(done.promoted), "reason": done.reason})
        mlflow.log_dict({"row_hashes": sorted(stored["row_hash"])}, TAUGHT)
        mlflow.log_dict({"comparisons": [asdict(c) for c in done.comparisons]}, "retraining/comparisons.json")
        mlflow.log_text(done.predicted.to_csv(index=False), "retraining/predicted_before_seen.csv")
        mlflow.log_text(done.contradictions.to_csv(index=False), "retraining/contradictions.csv")
        if done.addition is not None:
            mlflow.log_text(done.addition.problems.to_csv(index=False), "retraining/problems.csv")
            mlflow.log_text(json.dumps({"addition": str(done.addition)}), "retraining/addition.json")
        mlflow.log_figure(drift_plot(done.predicted, done.champion_held), "plots/drift.png")
