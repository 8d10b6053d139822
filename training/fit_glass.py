"""Fit the glass model on Arrhenius lines, with the out-of-fold lines that its intervals and its metrics stand on."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ..featurize.composition import CompositionBatch
from ..featurize.elements import SYMBOLS
from ..featurize.oxide_glass import HALOGENS, KINDS, OxideGlassFeatures, glass_kinds
from ..models.booster import BoosterEnsemble
from ..models.glass import (
    DOUBT_COLUMNS,
    GLASS_REFERENCE_C,
    GlassCore,
    GlassDoubt,
    GlassLines,
    GlassModel,
    GlassPart,
    GlassScope,
    glass_input_columns,
    glass_inputs,
    glass_oxides,
    log_error,
)
from ..models.glass_process import GlassProcess, GlassScales, chemistry_columns
from ..models.inputs import model_inputs
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from .data.glass_lines import GlassRows
from .fit import DOMAIN_QUANTILE, calibrated
from .folds import grouped_folds
from .measured_table import side_by_side
from .out_of_fold import OutOfFold
from .settings import GLASS_DOUBT, GLASS_KERNELS, GLASS_SHARE, GLASS_TREES

GLASS_FOLDS = 5
# The same properties, told apart in summaries and on record.
GLASS_CONDUCTIVITY = replace(CONDUCTIVITY, name="glass_conductivity", label=f"Glasses: {CONDUCTIVITY.label}")
GLASS_ENERGY = replace(ACTIVATION_ENERGY, name="glass_activation_energy", label=f"Glasses: {ACTIVATION_ENERGY.label}")
# Glasses are scored where sodium moves; those of lithium and potassium only teach.
SCORED_ION = "Na"
# An element that so few glasses hold is not known.
_LEAST_GLASSES = 3
# A kind of glass from fewer papers than this is not answered.
_LEAST_PAPERS = 5
# What an energy that was predicted, not measured, adds to the doubt about the level, in eV.
_GUESSED_ENERGY_EV = 0.1


@dataclass(frozen=True)
class GlassTable:
    """Glasses with what the model sees of them, made once for many fits.

    Parameters
    ----------
    table : GlassRows
        Rows and glasses.
    batch : CompositionBatch
        The m glasses.
    inputs : (m, p) float32
        As `models.glass.INPUTS`.
    oxides : (m, q) float32
        Their `OxideGlassFeatures`.
    """

    table: GlassRows
    batch: CompositionBatch
    inputs: np.ndarray
    oxides: np.ndarray

    @classmethod
    def of(cls, table: GlassRows) -> Self:
        """Compute features."""
        batch = CompositionBatch.from_formulas(table.glasses["formula"])
        return cls(table, batch, glass_inputs(model_inputs(batch, GLASS_REFERENCE_C, "glass")), glass_oxides(batch))

    @cached_property
    def scored(self) -> np.ndarray:
        """Glasses (m,) bool that are predicted and scored."""
        return self.table.glasses["mobile_ion"].eq(SCORED_ION).to_numpy()

    @cached_property
    def kinds(self) -> np.ndarray:
        """Kind (m,) of each glass."""
        return glass_kinds(self.batch)

    def folds(self, grouping: str, n_folds: int, seed: int) -> np.ndarray:
        """Folds (m,) that no chemical system ("system") or paper ("source") straddles."""
        return grouped_folds(self.table.glasses[f"group_{grouping}"], n_folds, seed)

    def fit(self, train: np.ndarray) -> GlassCore:
        """Fit on the glasses at positions `train` (k,)."""
        glasses = self.table.glasses.iloc[train]
        batch, oxides = self.batch[train], self.oxides[train]
        scales = GlassScales.of(oxides[:, chemistry_columns()])
        places = scales.places(batch, oxides)
        source, ion = (pd.factorize(glasses[c])[0] for c in ("group_source", "mobile_ion"))
        energy = self.table.taught_energies()[train]
        told = np.isfinite(energy)
        process, trust = GlassProcess.fit(
            GLASS_KERNELS[ACTIVATION_ENERGY.name], places, energy, source, ion, np.zeros(len(train))
        )
        guessed = energy.copy()
        if not told.all():
            guessed[~told] = process.predict(places[np.flatnonzero(~told)].distances(places))
        heat = glasses["mean_heat"].to_numpy(np.float64)
        level = glasses["mean_level"].to_numpy(np.float64) - guessed * heat
        vague = np.where(told, 0.0, (_GUESSED_ENERGY_EV * heat) ** 2)
        level_process, level_trust = GlassProcess.fit(
            GLASS_KERNELS[CONDUCTIVITY.name], places, level, source, ion, vague
        )
        both, columns = np.hstack([self.inputs[train], oxides]), glass_input_columns()
        trees = BoosterEnsemble.fit(both[told], energy[told], columns, GLASS_TREES, trust[told])
        counted = level_trust * glasses["rows"].to_numpy(np.float64)
        level_trees = BoosterEnsemble.fit(both, level, columns, GLASS_TREES, counted)
        return GlassCore(
            GlassPart(level_trees, level_process, GLASS_SHARE), GlassPart(trees, process, GLASS_SHARE), places, scales
        )

    def lines(self, core: GlassCore, asked: np.ndarray) -> GlassLines:
        """What a fitted core says of the glasses at positions `asked`."""
        return core.lines(self.batch[asked], self.inputs[asked], self.oxides[asked])

    def out_of_fold(self, grouping: str, n_folds: int = GLASS_FOLDS, seed: int = 0) -> "GlassOutOfFold":
        """Predict every scored glass by a core that saw none of its group, of whatever ion."""
        folds = self.folds(grouping, n_folds, seed)
        count = len(folds)
        level, energy = np.full((2, count), np.nan)
        doubt_inputs = np.full((count, len(DOUBT_COLUMNS)), np.nan, dtype=np.float32)

        def fill(fold: int) -> None:
            test = np.flatnonzero((folds == fold) & self.scored)
            said = self.lines(self.fit(np.flatnonzero(folds != fold)), test)
            level[test], energy[test], doubt_inputs[test] = said.level, said.energy, said.doubt_inputs

        side_by_side(fill, range(n_folds))
        return GlassOutOfFold(self, grouping, folds, GlassLines(level, energy, doubt_inputs))


@dataclass(frozen=True)
class GlassOutOfFold:
    """Lines (m,) of the scored glasses by models that had not seen their group; NaN for the others.

    Parameters
    ----------
    glasses : GlassTable
        What was fitted.
    grouping : str
        "system" or "source".
    folds : (m,) int
        Fold of each glass.
    lines : GlassLines
        What was said.
    """

    glasses: GlassTable
    grouping: str
    folds: np.ndarray
    lines: GlassLines

    @cached_property
    def rows(self) -> np.ndarray:
        """Positions (n,) of the scored rows in the table."""
        return np.flatnonzero(self.glasses.scored[self.glasses.table.rows["glass"]])

    @cached_property
    def with_energy(self) -> np.ndarray:
        """Scored glasses (k,) that have an energy."""
        return np.flatnonzero(np.isfinite(self._energies) & self.glasses.scored)

    def records(self) -> tuple[OutOfFold, OutOfFold]:
        """What was said of the scored rows, each at its temperature, and of the energies of glasses that have one.

        Baseline is the line of median level and median energy of the training glasses; the domain score is the error to
        be expected, by a doubt that was learned from the other folds.
        """
        rows, energies = self.glasses.table.rows, self._energies
        glass = rows["glass"].to_numpy()[self.rows]
        temperature, heat = (rows[c].to_numpy(np.float64)[self.rows] for c in ("temperature_C", "heat"))
        median_level, median_energy = np.empty((2, len(self.folds)))
        scale, energy_scale = np.empty(len(self.rows)), np.empty(len(self.folds))
        for fold in np.unique(self.folds):
            others = (self.folds != fold) & self.glasses.scored
            median_level[~others], median_energy[~others] = (np.nanmedian(v[others]) for v in (self._levels, energies))
            doubt = self.doubt(others)
            inside, told = np.flatnonzero(self.folds[glass] == fold), self.with_energy
            scale[inside] = doubt.of_level(self._lines(glass[inside]), temperature[inside])
            told = told[self.folds[told] == fold]
            energy_scale[told] = doubt.of_energy(self._lines(told))
        told = self.with_energy
        return (
            self._record(
                GLASS_CONDUCTIVITY,
                glass,
                self.rows,
                rows[CONDUCTIVITY.column].to_numpy(np.float64)[self.rows],
                self.lines.level[glass] + self.lines.energy[glass] * heat,
                median_level[glass] + median_energy[glass] * heat,
                scale,
            ),
            self._record(
                GLASS_ENERGY,
                told,
                told,
                energies[told],
                self.lines.energy[told],
                median_energy[told],
                energy_scale[told],
            ),
        )

    def doubt(self, use: np.ndarray) -> GlassDoubt:
        """Learn how large errors are from the out-of-fold errors of glasses `use` (m,) bool."""
        chosen = np.flatnonzero(use & self.glasses.scored & np.isfinite(self._energies))
        errors = {
            CONDUCTIVITY.name: self.lines.level - self._levels,
            ACTIVATION_ENERGY.name: self.lines.energy - self._energies,
        }
        fitted = (
            BoosterEnsemble.fit(
                self.lines.doubt_inputs[chosen], log_error(error[chosen], name), DOUBT_COLUMNS, GLASS_DOUBT
            )
            for name, error in errors.items()
        )
        return GlassDoubt(*fitted)

    @cached_property
    def _energies(self) -> np.ndarray:
        return self.glasses.table.glasses[ACTIVATION_ENERGY.column].to_numpy(np.float64)

    @cached_property
    def _levels(self) -> np.ndarray:
        """Measured levels (m,) at the reference temperature; NaN for glasses without an energy."""
        glasses = self.glasses.table.glasses
        return glasses["mean_level"].to_numpy(np.float64) - self._energies * glasses["mean_heat"].to_numpy(np.float64)

    def _lines(self, glass: np.ndarray) -> GlassLines:
        return GlassLines(self.lines.level[glass], self.lines.energy[glass], self.lines.doubt_inputs[glass])

    def _record(
        self,
        fact: Property,
        glass: np.ndarray,
        row: np.ndarray,
        truth: np.ndarray,
        predicted: np.ndarray,
        baseline: np.ndarray,
        scale: np.ndarray,
    ) -> OutOfFold:
        groups = self.glasses.table.glasses[f"group_{self.grouping}"].to_numpy(object)
        return OutOfFold(
            fact,
            self.grouping,
            truth=truth,
            predicted=np.clip(predicted, fact.lower, fact.upper),
            baseline=np.clip(baseline, fact.lower, fact.upper),
            fold=self.folds[glass],
            group=groups[glass],
            domain_score=scale,
            row=row,
            known=np.ones(len(glass), dtype=bool),
            family=self.glasses.kinds[glass],
        )


@dataclass(frozen=True)
class GlassFitted:
    """A glass model, and the out-of-fold record by chemical system that its intervals stand on."""

    model: GlassModel
    out_of_fold: GlassOutOfFold


def fit_glass(table: GlassTable, n_folds: int = GLASS_FOLDS, seed: int = 0) -> GlassFitted:
    """Fit the model on all glasses, and its intervals on held-out chemical systems."""
    oof = table.out_of_fold("system", n_folds, seed)
    # On one thread, as in the folds: sums in another order would give other trees.
    with threadpool_limits(1):
        core = table.fit(np.arange(len(table.batch)))
    doubt = oof.doubt(table.scored)
    intervals, energy_intervals = (calibrated(record) for record in oof.records())
    asked = np.flatnonzero(table.scored)
    held = GlassLines(oof.lines.level[asked], oof.lines.energy[asked], oof.lines.doubt_inputs[asked])
    limit = float(np.quantile(doubt.of_level(held, 25.0), DOMAIN_QUANTILE))
    return GlassFitted(GlassModel(core, doubt, intervals, energy_intervals, glass_scope(table), limit), oof)


def glass_scope(table: GlassTable) -> GlassScope:
    """Which compositions a model of these glasses answers."""
    holds = np.bincount(table.batch.amounts.tocoo().col, minlength=len(SYMBOLS))
    elements = tuple(s for s, n in zip(SYMBOLS, holds, strict=True) if n >= _LEAST_GLASSES)
    names = OxideGlassFeatures().feature_names()
    most = {s: float(table.oxides[:, names.index(f"glass_anion_{s}")].max()) for s in HALOGENS}
    return GlassScope(elements, _kinds(table), most)


def _kinds(table: GlassTable) -> tuple[int, ...]:
    """Kinds of glass that enough papers on sodium speak of."""
    papers = table.table.glasses["group_source"].to_numpy(object)
    kinds = range(len(KINDS))
    return tuple(k for k in kinds if len(set(papers[table.scored & (table.kinds == k)])) >= _LEAST_PAPERS)
