"""`ion.evaluate`: how right the models are, split by split, beside the median and a plain Magpie booster."""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, PROPERTIES
from .data.sources import data_hash, window_rows
from .data.summary import noise_floors
from .fit import N_FOLDS, fit_hull, fit_window
from .glass_study import GLASS_SEEDS, OwnGlasses, glass_sections, glass_study
from .hybrid_study import hybrid_sections
from .importance import importance
from .measured_table import MeasuredTable
from .out_of_fold import GROUPINGS
from .plots import domain_plot, parity_plot
from .registry import connect, experiment_id
from .report import Section, write_report
from .studies import MERGED_FAMILIES, SPLIT_YEAR, Study, by_domain, by_family, slope_check, study
from .train import MOBILE_IONS, measured_rows, summarise

SEEDS = 5
_HEADINGS = {
    "property": "property",
    "split": "no group on both sides",
    "rows": "rows",
    "groups": "groups",
    "MAE": "MAE",
    "MAE_seeds_sd": "sd over shuffles",
    "fast_MAE": "fast copy",
    "interval": "90 % bootstrap",
    "Magpie_MAE": "Magpie booster",
    "median_MAE": "median",
    "RMSE": "RMSE",
    "Spearman": "Spearman",
    "top10": "top 10 % found",
    "coverage": "90 % interval covers",
    "width": "its width",
}

log = logging.getLogger(__name__)


def evaluate(
    output: Path | str = "evaluation", *, seeds: int = SEEDS, progress: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """Cross-validate every property under every split, write a report, and log it to MLflow.

    Nothing is tuned here and no registered model is touched: the models are fitted anew inside every fold.

    Parameters
    ----------
    output : path
        Folder for `report.md`, `report.html` and the plots.
    seeds : int
        Shuffles of the folds; figures are means over them.
    progress : callable, optional
        Told the name of each step as it begins.

    Returns
    -------
    DataFrame
        One row a property and split (glass_conductivity and glass_activation_energy are of the glass table): rows,
        groups, MAE with its spread over shuffles and its bootstrap interval over groups, the MAE of a Magpie booster
        and of the median on the same folds, RMSE, Spearman, the share of the true top 10 % found in the predicted
        top 10 %, coverage and width of the 90 % interval.
    """
    if seeds < 1:
        raise ValueError(f"seeds={seeds} must be at least 1")
    tell = progress or log.info
    tell("reading the curated tables")
    rows = measured_rows()
    table = MeasuredTable.of(rows)
    plan = [(CONDUCTIVITY, g) for g in GROUPINGS] + [(ACTIVATION_ENERGY, g) for g in ("system", "source")]
    studies = []
    for fact, grouping in plan:
        tell(f"{fact.name.replace('_', ' ')} by {grouping}")
        studies.append(study(table, fact, grouping, N_FOLDS, range(seeds)))
    tell("temperature dependence")
    slope = slope_check(table, N_FOLDS)
    tell("windows and energy above hull of sodium compounds")
    sodium, everything = _computed_figures()

    tell("glasses")
    glasses = glass_study(range(min(seeds, GLASS_SEEDS)))
    own_glasses = OwnGlasses.of(glasses.glasses, rows)
    tell("hybrids")
    hybrids = hybrid_sections(seeds)
    tell("what moves the predictions")
    moves = importance(table)

    summary = pd.DataFrame([s.summary() for s in studies])
    sections = [
        _overview(summary),
        *_by_families(studies, rows),
        _slope_section(slope),
        _computed_section(sodium, everything),
        *glass_sections(glasses, own_glasses, studies),
        *hybrids,
        _domain_section(studies[0]),
        _noise_section(),
        _importance_section(moves),
        Section(
            "Parity",
            "Out-of-fold predictions of the first shuffle.",
            figures={
                f"{s.shuffles[0].fact.name}_parity_by_{s.grouping}": parity_plot(s.shuffles[0])
                for s in studies
                if s.grouping in ("system", "source")
            },
        ),
    ]
    files = write_report("How right is ionscout?", sections, Path(output))
    summary = pd.concat([summary, sodium, glasses.summary()], ignore_index=True)
    _log(summary, slope, files, rows)
    return summary


def _overview(summary: pd.DataFrame) -> Section:
    shown = summary.assign(
        split=summary["grouping"].map(GROUPINGS),
        interval=[f"{a:.3f} to {b:.3f}" for a, b in zip(summary["MAE_lower"], summary["MAE_upper"], strict=True)],
    )[list(_HEADINGS)].rename(columns=_HEADINGS)
    text = (
        "Errors of conductivity are in decades (log10 of S/cm), at the temperature each row was reported at; those of "
        f"activation energy in eV. {N_FOLDS} folds; the time split predicts papers from {SPLIT_YEAR} on. The random "
        "split is shown for comparison only: papers and chemical systems straddle it, and it flatters."
    )
    return Section("Conductivity and activation energy", text, shown)


def _by_families(studies: list[Study], rows: pd.DataFrame) -> list[Section]:
    sections = []
    for one in studies:
        name = one.shuffles[0].fact.name.replace("_", " ")
        if one.grouping in ("system", "source"):
            families = rows["family"]
        elif one.grouping == "family":
            families = rows["family"].map(MERGED_FAMILIES)
        else:
            continue
        title = f"{name.capitalize()} by family, split by {GROUPINGS[one.grouping]}"
        sections.append(Section(title, table=by_family(one, families)))
    return sections


def _slope_section(slope: dict) -> Section:
    text = (
        "Held-out systems. Bias of the implied activation energy; the error after moving each row by its own measured "
        "energy to 25, 100 and 200 C (counterfactual); both once more with the model told the temperature of the "
        "report (as reported); and the error of what is served, which asks every row as if it had been reported at 25 "
        "C and so over-predicts materials that were only ever measured hot."
    )
    return Section("Temperature dependence", text, pd.DataFrame([slope]))


def _computed_section(sodium: pd.DataFrame, everything: pd.DataFrame) -> Section:
    text = (
        "Computed windows and hull energies, grouped by chemical system (5 folds): Na compounds, and all with Li and K."
    )
    columns = ["compounds", "property", "rows", "MAE", "MAE_lower", "MAE_upper", "median_MAE", "Spearman", "coverage"]
    both = pd.concat([sodium.assign(compounds="Na"), everything.assign(compounds="Na, Li, K")])
    return Section("Stability window and energy above hull", text, both[[*columns, "width"]])


def _domain_section(one: Study) -> Section:
    deciles = by_domain(one)
    text = "Error by decile of the domain score, split by chemical system: the score rises with the error."
    return Section("Domain", text, deciles, {"error_by_domain_score": domain_plot(deciles)})


def _noise_section() -> Section:
    text = (
        "How far repeated measurements of one composition near room temperature differ between sources, in decades; a "
        "perfect model of the composition would still show an MAE of about 0.8 of the robust standard deviation."
    )
    return Section("Noise floor", text, noise_floors())


def _importance_section(moves: pd.DataFrame) -> Section:
    text = (
        "Mean absolute TreeSHAP contribution over the measured rows, decades and eV, in the fast copies of the models. "
        "Inputs that go together share their effect: a small figure is no proof that a thing does not matter."
    )
    return Section("What moves the predictions", text, moves)


def _computed_figures() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures of the computed properties: over sodium compounds, and over all."""
    table = window_rows(MOBILE_IONS)
    sodium, everything = [], []
    for fit in (fit_window, fit_hull):
        fitted = fit(table)
        everything.append(summarise(fitted))
        sodium.append(summarise(fitted.only(lambda oof, t=fitted.table: (t["mobile_ion"] == "Na").to_numpy()[oof.row])))
    return pd.concat(sodium, ignore_index=True), pd.concat(everything, ignore_index=True)


def _log(summary: pd.DataFrame, slope: dict, files: list[Path], rows: pd.DataFrame) -> None:
    """One MLflow run with all figures and the report."""
    import mlflow

    client = connect()
    with mlflow.start_run(experiment_id=experiment_id(client), run_name="evaluation"):
        mlflow.log_params({"data_hash": data_hash(rows), "rows": len(rows), "properties": ",".join(PROPERTIES)})
        for row in summary.to_dict("records"):
            for metric in ("MAE", "Magpie_MAE", "median_MAE", "RMSE", "Spearman", "top10", "coverage", "width"):
                if pd.notna(row.get(metric)):
                    mlflow.log_metric(f"{row['property']}_{metric}_by_{row['grouping']}", row[metric])
        mlflow.log_metrics({k: float(v) for k, v in slope.items()})
        for file in files:
            mlflow.log_artifact(str(file), "report")
