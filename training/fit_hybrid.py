"""Fit the hybrid model, with out-of-fold predictions by paper and by polymer, beside three baselines."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..featurize.mixture import MixtureBatch
from ..featurize.repeat_unit import polymer_descriptors, salt_descriptors
from ..models.hybrid import HYBRID_CONDUCTIVITY, HybridModel, hybrid_kind
from ..models.hybrid_baselines import EffectiveMediumBaseline, VTFBaseline
from ..models.intervals import GroupedConformal
from ..models.lithium_teacher import LithiumTeacher, teacher_inputs
from .data.external import load_lithium_polymers
from .data.repeats import group_keys, source_of
from .data.sources import load_curated
from .fit import DOMAIN_QUANTILE, N_FOLDS
from .folds import grouped_folds
from .out_of_fold import OutOfFold

log = logging.getLogger(__name__)

HYBRID_GROUPINGS = {"source": "paper", "polymer": "polymer or blend"}
BASELINES = ("median", "vtf", "effective_medium")


@dataclass(frozen=True)
class HybridTable:
    """Measured mixtures.

    Parameters
    ----------
    rows : DataFrame
        The measured rows of the curated table, with log10_conductivity, group_source and group_polymer.
    batch : MixtureBatch
        Their m mixtures, none with an error.
    mixture : (m,)
        Equal for rows of one mixture.
    """

    rows: pd.DataFrame
    batch: MixtureBatch
    mixture: np.ndarray

    @property
    def target(self) -> np.ndarray:
        """log10 conductivity (m,)."""
        return self.rows[HYBRID_CONDUCTIVITY.column].to_numpy(np.float64)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "HybridTable":
        """Rows of a table in the layout of hybrid_electrolytes.csv that hold a conductivity at a temperature.

        Raises
        ------
        ValueError
            If one of them cannot be read, naming its row.
        """
        rows = frame[frame["conductivity_S_cm"].gt(0) & frame["temperature_C"].notna()].copy()
        # A loading without a unit says nothing (row 21 counts carbonate groups); the rest of the row still does.
        rows["salt_loading"] = rows["salt_loading"].where(rows["salt_loading_unit"].notna())
        batch = MixtureBatch.read(rows)
        bad = np.flatnonzero(~pd.isna(batch.errors))
        if bad.size:
            raise ValueError(f"hybrid table, row {rows.index[bad[0]]}: {batch.errors[bad[0]]}")
        source = source_of(rows)
        source = source.where(source.ne(""), "row " + rows.index.astype(str).to_series(index=rows.index))
        rows = rows.assign(
            **{
                HYBRID_CONDUCTIVITY.column: np.log10(rows["conductivity_S_cm"].astype(float)),
                "group_source": source,
                "group_polymer": batch.polymer,
            }
        )
        return cls(rows, batch, group_keys(rows, "hybrid"))

    def fit(self, train: np.ndarray, teacher: LithiumTeacher | None) -> HybridModel:
        """Fit on the rows at positions `train`."""
        paper = self.rows["group_source"].to_numpy(object)[train]
        return HybridModel.fit(self.batch.take(train), self.target[train], self.mixture[train], paper, teacher)


@dataclass(frozen=True)
class HybridFitted:
    """The model fitted on all rows, its out-of-fold record by grouping, and that of each baseline on the same folds."""

    model: HybridModel
    table: HybridTable
    out_of_fold: list[OutOfFold]
    baselines: dict[str, dict[str, np.ndarray]]
    lithium_rows: int


def hybrid_table() -> HybridTable:
    """The measured rows of the curated table of hybrids."""
    return HybridTable.of(load_curated("hybrid_electrolytes"))


def lithium_teacher() -> tuple[LithiumTeacher | None, int]:
    """Teacher fitted on the lithium polymer table and its rows, or None and 0 where the table is not on the machine."""
    try:
        inputs, target, _ = lithium_rows()
    except FileNotFoundError as error:
        log.info("hybrids are fitted without the lithium polymer table: %s", error)
        return None, 0
    return LithiumTeacher.fit(inputs, target), len(target)


def lithium_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (n, p), log10 conductivity (n,) and repeat unit (n,) of the lithium polymer table.

    Raises
    ------
    FileNotFoundError
        If IONSCOUT_EXTERNAL_DATA does not lead to the table; says how to get it.
    """
    table = load_lithium_polymers()
    polymer = np.array([polymer_descriptors(s)[0] for s in table["polymer_smiles"]])
    unsaid = (np.nan,) * 3
    anion = np.array([salt_descriptors(s)[0] if isinstance(s, str) else unsaid for s in table["salt_smiles"]])
    molality, temperature = (table[c].to_numpy(np.float64) for c in ("salt_molality_mol_kg", "temperature_C"))
    inputs = teacher_inputs(polymer, anion, molality, temperature)
    return inputs, table[HYBRID_CONDUCTIVITY.column].to_numpy(np.float64), table["polymer_smiles"].to_numpy(object)


def fit_hybrid(
    table: HybridTable, teacher: LithiumTeacher | None, lithium: int = 0, n_folds: int = N_FOLDS, seed: int = 0
) -> HybridFitted:
    """Fit on all rows; intervals and domain from the folds by paper.

    Parameters
    ----------
    table : HybridTable
        Measured mixtures.
    teacher : LithiumTeacher or None
        Never sees a sodium row, so it is the same in every fold.
    lithium : int
        Rows it was fitted on.
    n_folds, seed : int
        Folds and their shuffle.
    """
    records = {g: hybrid_out_of_fold(table, g, teacher, n_folds, seed) for g in HYBRID_GROUPINGS}
    paper = records["source"][0]
    model = replace(
        table.fit(np.arange(len(table.rows)), teacher),
        limit=float(np.quantile(paper.domain_score, DOMAIN_QUANTILE)),
        intervals=GroupedConformal.fit(paper.predicted - paper.truth, kinds=paper.family),
    )
    baselines = {g: said for g, (_, said) in records.items()}
    return HybridFitted(model, table, [oof for oof, _ in records.values()], baselines, lithium)


def hybrid_out_of_fold(
    table: HybridTable, grouping: str, teacher: LithiumTeacher | None, n_folds: int = N_FOLDS, seed: int = 0
) -> tuple[OutOfFold, dict[str, np.ndarray]]:
    """Predict every row by models that saw only the other folds; and each of `BASELINES` on the same folds.

    Parameters
    ----------
    table, teacher, n_folds, seed
        As `fit_hybrid` takes them.
    grouping : str
        Key of `HYBRID_GROUPINGS`.
    """
    truth, m = table.target, len(table.rows)
    groups = table.rows[f"group_{grouping}"].to_numpy(object)
    folds = grouped_folds(groups, n_folds, seed)
    predicted, distance = np.empty(m), np.empty(m)
    said = {name: np.empty(m) for name in BASELINES}
    for fold in range(n_folds):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        model = table.fit(train, teacher)
        known, asked = table.batch.take(train), table.batch.take(test)
        predicted[test], distance[test] = model.predict(asked), model.distance(asked)
        said["median"][test] = np.median(truth[train])
        simple: dict[str, Callable] = {"vtf": VTFBaseline.fit, "effective_medium": EffectiveMediumBaseline.fit}
        for name, fit in simple.items():
            said[name][test] = fit(known, truth[train]).predict(asked)
    record = OutOfFold(
        HYBRID_CONDUCTIVITY,
        grouping,
        truth,
        np.clip(predicted, HYBRID_CONDUCTIVITY.lower, HYBRID_CONDUCTIVITY.upper),
        said["median"],
        folds,
        groups,
        distance,
        np.arange(m),
        np.ones(m, dtype=bool),
        hybrid_kind(table.batch),
    )
    return record, said
