"""Out-of-fold predictions kept with the run, so that a later model can be compared row by row."""

import tempfile
from pathlib import Path

import pandas as pd

from .fit import Fitted

ARTIFACT = "out_of_fold.parquet"


def out_of_fold_table(fitted: Fitted) -> pd.DataFrame:
    """Every out-of-fold prediction of a fit on measured rows.

    Returns
    -------
    DataFrame
        property, grouping, key (what was measured, where it was published and, of equal ones, which), formula, system,
        truth, predicted, fold, domain_score.
    """
    parts = []
    for oof in fitted.out_of_fold:
        rows = fitted.table.iloc[oof.row]
        key = (
            rows[["formula", "state", "group_source"]].astype(str).agg("|".join, axis=1).to_numpy()
            + [f"|{t!r}|{v!r}" for t, v in zip(rows["temperature_C"].astype(float), oof.truth.tolist(), strict=True)]
        )  # fmt: skip
        system = rows["group_system"].to_numpy()
        part = pd.DataFrame({"key": key, "formula": rows["formula"].to_numpy(), "system": system})
        part["key"] += "|" + part.groupby("key").cumcount().astype(str)
        parts.append(
            part.assign(
                property=oof.fact.name,
                grouping=oof.grouping,
                truth=oof.truth,
                predicted=oof.predicted,
                fold=oof.fold,
                domain_score=oof.domain_score,
            )
        )
    return pd.concat(parts, ignore_index=True)


def log_out_of_fold(fitted: Fitted) -> None:
    """Keep the table with the active run."""
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ARTIFACT
        out_of_fold_table(fitted).to_parquet(path, index=False)
        mlflow.log_artifact(str(path))


def read_out_of_fold(run_id: str) -> pd.DataFrame:
    """The table that a run kept.

    Raises
    ------
    LookupError
        If the run kept none.
    """
    import mlflow
    from mlflow.artifacts import download_artifacts

    client = mlflow.MlflowClient()
    if not any(found.path == ARTIFACT for found in client.list_artifacts(run_id)):
        raise LookupError(
            "the champion was registered without its out-of-fold predictions, so nothing can be compared with it; "
            "run `ionscout train` once, then retrain"
        )
    return pd.read_parquet(download_artifacts(run_id=run_id, artifact_path=ARTIFACT))
