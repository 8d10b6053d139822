"""How right the glass model is, by chemical system and by paper, beside median, Magpie booster and other papers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.magpie import MagpieFeatures
from ..featurize.oxide_glass import KINDS, glass_kinds
from ..models.booster import BoosterEnsemble
from ..models.glass import GLASS_REFERENCE_C, GLASSY_STATES, glass_inputs, glass_oxides
from ..models.inputs import THERMAL, model_inputs
from ..models.physics import kelvin
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from .data.glass_faults import glass_faults, others_say
from .data.glass_lines import glass_rows
from .fit_glass import GLASS_FOLDS, GlassOutOfFold, GlassTable, glass_scope
from .folds import grouped_folds
from .measured_table import side_by_side
from .metrics import grouped_bootstrap_MAE, regression_metrics
from .out_of_fold import GROUPINGS, OutOfFold
from .plots import parity_plot
from .report import Section
from .studies import PLAIN_BOOSTER, Study, by_family, tested_interval

# A shuffle of both groupings takes some two minutes of one core.
GLASS_SEEDS = 2


@dataclass(frozen=True)
class GlassStudy:
    """Shuffles of the folds under both groupings.

    Parameters
    ----------
    glasses : GlassTable
        What was fitted.
    conductivity, energy : dict of str to Study
        By grouping.
    faulty : (n,) bool
        Rows of the table in which `glass_faults` finds a fault.
    papers, others : (n,) float64
        How many other papers speak of each row's composition, and their median.
    """

    glasses: GlassTable
    conductivity: dict[str, Study]
    energy: dict[str, Study]
    faulty: np.ndarray
    papers: np.ndarray
    others: np.ndarray

    def summary(self) -> pd.DataFrame:
        """One row a property and grouping, as `studies.Study.summary`."""
        return pd.DataFrame([s.summary() for studies in (self.conductivity, self.energy) for s in studies.values()])


def glass_study(seeds: Iterable[int] = range(GLASS_SEEDS)) -> GlassStudy:
    """Predict the sodium glasses out of fold, by chemical system and by paper; the Magpie booster on the first shuffle.

    Parameters
    ----------
    seeds : iterable of int
        Shuffles of the folds.
    """
    table = GlassTable.of(glass_rows())
    conductivity, energy = {}, {}
    for grouping in ("system", "source"):
        shuffles = [table.out_of_fold(grouping, GLASS_FOLDS, seed) for seed in seeds]
        records = [one.records() for one in shuffles]
        magpie = _magpie(shuffles[0])
        for place, studies in enumerate((conductivity, energy)):
            studies[grouping] = Study(grouping, [r[place] for r in records], [magpie[place]])
    faulty = np.isin(table.table.rows["row"], glass_faults(table.table)["row"])
    papers, others, _ = others_say(table.table)
    return GlassStudy(table, conductivity, energy, faulty, papers.astype(np.float64), others)


def glass_sections(study: GlassStudy, own: "OwnGlasses", electrolytes: list[Study]) -> list[Section]:
    """Sections of the evaluation report, with the glasses of the electrolyte table and the studies of that table."""
    shuffles = len(study.conductivity["system"].shuffles)
    text = (
        f"Sodium glasses, {GLASS_FOLDS} folds, mean of {shuffles} shuffles; Magpie booster and bootstrap on the first. "
        "A glass is one Arrhenius line, and every row is scored at its temperature, also those whose temperature is "
        "where 1e-8 S/cm is reached: the model is not told the temperature, so it cannot learn that answer. The Magpie "
        "booster is told, as a user's would be, and the median is the line of median level and energy."
    )
    rows = (
        "The same by rows. Faulty rows are those that `ionscout data faults` lists by rules that ask no model; at "
        "standard temperatures: without the rows that are where 1e-8 S/cm is reached."
    )
    floor = (
        "Rows that other papers speak of (the same elements, within 2 % of the atoms): how far the median of those "
        "papers lies from the row, and how far the model that has not seen the row's paper, or its system."
    )
    parts = [
        Section("Glasses", text, _overview(study)),
        Section("Glasses: which rows", rows, by_rows(study)),
        Section("Glasses: what other papers would say", floor, noise_floor(study)),
    ]
    text = "Glasses and amorphous solids of the electrolyte table that the model of glasses answers, split by system."
    parts.append(Section("Glasses of the electrolyte table", text, electrolyte_glasses(own, electrolytes)))
    text = (
        "The electrolyte table with its glasses answered by the model of glasses, as `ion.predict` does; that model "
        "has not seen their chemical system. electrolytes_MAE: the same without it."
    )
    parts.append(Section("As served", text, as_served(own, electrolytes)))
    kinds = pd.Series(np.array(KINDS, dtype=object)[study.glasses.kinds[study.glasses.table.rows["glass"]]])
    energy_kinds = pd.Series(np.array(KINDS, dtype=object)[study.glasses.kinds])
    for grouping, one in study.conductivity.items():
        title = f"Glasses by kind, split by {GROUPINGS[grouping]}"
        parts.append(Section(title, table=by_family(one, kinds)))
    parts.append(
        Section(
            "Activation energy of glasses by kind, split by chemical system",
            table=by_family(study.energy["system"], energy_kinds),
            figures={
                f"{s.shuffles[0].fact.name}_parity_by_{s.grouping}": parity_plot(s.shuffles[0])
                for s in (*study.conductivity.values(), *study.energy.values())
            },
        )
    )
    return parts


def by_rows(study: GlassStudy) -> pd.DataFrame:
    """Errors of all rows, of rows without a fault, with one, at each temperature; first shuffle of each grouping.

    Returns
    -------
    DataFrame
        property, split, which, rows, MAE, MAE_lower, MAE_upper (90 % bootstrap over groups), median_error, RMSE,
        coverage of the 90 % interval.
    """
    rows = study.glasses.table.rows
    standard, temperature = rows["standard"].to_numpy(bool), rows["temperature_C"].to_numpy(np.float64)
    faulty_glass = np.bincount(rows["glass"], study.faulty) > 0
    out = []
    for grouping, one in study.conductivity.items():
        oof = one.shuffles[0]
        faulty, usual = study.faulty[oof.row], standard[oof.row]
        choices = {"all rows": np.ones(len(faulty), dtype=bool), "without faulty rows": ~faulty, "faulty rows": faulty}
        choices |= {"at standard temperatures": usual, "where 1e-8 S/cm is reached": ~usual}
        choices |= {"at standard temperatures, without faulty rows": usual & ~faulty}
        choices |= {f"at {t:g} °C": usual & (temperature[oof.row] == t) for t in (20.0, 100.0, 150.0, 300.0)}
        out += [_figures(oof, grouping, name, chosen) for name, chosen in choices.items()]
    for grouping, one in study.energy.items():
        oof = one.shuffles[0]
        faulty = faulty_glass[oof.row]
        choices = {"all glasses": np.ones(len(faulty), dtype=bool), "glasses without a faulty row": ~faulty}
        out += [_figures(oof, grouping, name, chosen) for name, chosen in choices.items()]
    return pd.DataFrame(out)


def noise_floor(study: GlassStudy) -> pd.DataFrame:
    """What other papers say of a composition against what the model says, on the same rows; first shuffle.

    Returns
    -------
    DataFrame
        which, rows, others_MAE (the median of other papers against the row), others_median_error, and the MAE of the
        model by paper and by system on those rows.
    """
    out = []
    said = {grouping: one.shuffles[0] for grouping, one in study.conductivity.items()}
    row, truth = said["source"].row, said["source"].truth
    papers, others, faulty = study.papers[row], study.others[row], study.faulty[row]
    for name, least, chosen in (
        ("one other paper or more", 1, True),
        ("three or more", 3, True),
        ("three or more, without faulty rows", 3, False),
    ):
        use = (papers >= least) & (chosen | ~faulty)
        apart = np.abs(others[use] - truth[use])
        errors = {
            f"model_MAE_by_{grouping}": float(np.abs(oof.predicted - oof.truth)[use].mean())
            for grouping, oof in said.items()
        }
        out.append(
            {
                "which": name,
                "rows": int(use.sum()),
                "others_MAE": float(apart.mean()),
                "others_median_error": float(np.median(apart)),
                **errors,
            }
        )
    return pd.DataFrame(out)


@dataclass(frozen=True)
class OwnGlasses:
    """Glasses of the electrolyte table that the model of glasses answers, told by it without their chemical system.

    Parameters
    ----------
    rows : (k,) int
        Their positions in the electrolyte table.
    kind : (k,) object
        "chalcogenide" or "oxide and oxyhalide".
    said : dict of Property to (k,) float64
        Conductivity, at the temperature of the row, and activation energy.
    """

    rows: np.ndarray
    kind: np.ndarray
    said: dict[Property, np.ndarray]

    @classmethod
    def of(cls, glasses: GlassTable, rows: pd.DataFrame) -> Self:
        """Predict them; the glass table is other people's reading of other papers."""
        batch = CompositionBatch.from_formulas(rows["formula"])
        asked = np.flatnonzero(rows["state"].isin(GLASSY_STATES) & glass_scope(glasses).holds(batch))
        batch, systems = batch[asked], rows["group_system"].to_numpy(object)[asked]
        inputs, oxides = glass_inputs(model_inputs(batch, GLASS_REFERENCE_C, "glass")), glass_oxides(batch)
        temperature = rows["temperature_C"].to_numpy(np.float64)[asked]
        taught = glasses.table.glasses["group_system"].to_numpy(object)
        folds = grouped_folds(systems, GLASS_FOLDS, 0)
        said = {CONDUCTIVITY: np.empty(len(asked)), ACTIVATION_ENERGY: np.empty(len(asked))}

        def fill(fold: int) -> None:
            test = np.flatnonzero(folds == fold)
            core = glasses.fit(np.flatnonzero(~np.isin(taught, systems[test])))
            lines = core.lines(batch[test], inputs[test], oxides[test])
            said[CONDUCTIVITY][test] = lines.log10_conductivity(temperature[test])
            said[ACTIVATION_ENERGY][test] = lines.energy

        side_by_side(fill, range(GLASS_FOLDS))
        kind = np.where(glass_kinds(batch) == KINDS.index("chalcogenide"), "chalcogenide", "oxide and oxyhalide")
        return cls(asked, kind, said)

    def places(self, oof: OutOfFold) -> tuple[np.ndarray, np.ndarray]:
        """Which of these glasses an out-of-fold record holds, and where."""
        place = pd.Series(np.arange(len(oof.row)), index=oof.row).reindex(self.rows)
        held = np.flatnonzero(place.notna())
        return held, place.to_numpy()[held].astype(np.intp)


def electrolyte_glasses(own: OwnGlasses, studies: Iterable[Study]) -> pd.DataFrame:
    """The electrolyte table's own glasses: the model of electrolytes beside that of glasses.

    Parameters
    ----------
    own : OwnGlasses
        Told by the model of glasses.
    studies : iterable of Study
        Of the model of electrolytes; those by system are read. Neither model has seen the system of a row.

    Returns
    -------
    DataFrame
        property, kind, rows, and the MAE of the median, of the model of electrolytes, of that of glasses, and of their
        mean.
    """
    out = []
    for one in studies:
        oof = one.shuffles[0]
        if one.grouping != "system":
            continue
        held, place = own.places(oof)
        for name in np.unique(own.kind[held]):
            use = own.kind[held] == name
            found, glassy = place[use], own.said[oof.fact][held[use]]
            truth, electrolytes = oof.truth[found], oof.predicted[found]
            answers = {"median": oof.baseline[found], "electrolytes": electrolytes, "glasses": glassy}
            answers["mean_of_both"] = (electrolytes + glassy) / 2.0
            errors = {f"{k}_MAE": float(np.abs(v - truth).mean()) for k, v in answers.items()}
            out.append({"property": oof.fact.name, "kind": name, "rows": int(use.sum()), **errors})
    return pd.DataFrame(out)


def as_served(own: OwnGlasses, studies: Iterable[Study]) -> pd.DataFrame:
    """Errors over the electrolyte table when its glasses are answered by the model of glasses, as `ion.predict` does.

    Parameters
    ----------
    own : OwnGlasses
        Told by the model of glasses, which has not seen their chemical system, whatever the split of the others.
    studies : iterable of Study
        Of the model of electrolytes; those by system and by source are read.

    Returns
    -------
    DataFrame
        property, split, rows, glasses, MAE with its bootstrap interval over groups (of the first shuffle), and
        electrolytes_MAE, the same without a model of glasses.
    """
    out = []
    for one in studies:
        if one.grouping not in ("system", "source"):
            continue
        errors = []
        for oof in one.shuffles:
            held, place = own.places(oof)
            predicted = oof.predicted.copy()
            predicted[place] = own.said[oof.fact][held]
            errors.append(predicted - oof.truth)
        first = one.shuffles[0]
        low, high = grouped_bootstrap_MAE(errors[0], first.group)
        out.append(
            {
                "property": first.fact.name,
                "split": GROUPINGS[one.grouping],
                "rows": len(first.truth),
                "glasses": len(own.places(first)[0]),
                "MAE": float(np.mean(np.abs(errors))),
                "MAE_lower": low,
                "MAE_upper": high,
                "electrolytes_MAE": float(np.mean([np.abs(o.predicted - o.truth).mean() for o in one.shuffles])),
            }
        )
    return pd.DataFrame(out)


def _overview(study: GlassStudy) -> pd.DataFrame:
    summary = study.summary()
    summary.insert(1, "split", summary.pop("grouping").map(GROUPINGS))
    return summary


def _figures(oof: OutOfFold, grouping: str, name: str, chosen: np.ndarray) -> dict:
    error = (oof.predicted - oof.truth)[chosen]
    low, high = grouped_bootstrap_MAE(error, oof.group[chosen])
    truth, lower, upper = (part[chosen] for part in tested_interval(oof))
    return {
        "property": oof.fact.name,
        "split": GROUPINGS[grouping],
        "which": name,
        "rows": int(chosen.sum()),
        "MAE": float(np.abs(error).mean()),
        "MAE_lower": low,
        "MAE_upper": high,
        "median_error": float(np.median(np.abs(error))),
        "RMSE": regression_metrics(truth, oof.predicted[chosen])["RMSE"],
        "coverage": float(((truth >= lower) & (truth <= upper)).mean()),
    }


def _magpie(oof: GlassOutOfFold) -> tuple[np.ndarray, np.ndarray]:
    """What a user would write first, on the same folds: Magpie columns of sodium rows, with the temperature.

    Returns
    -------
    conductivity : (n,) float64
        Of the scored rows.
    energy : (k,) float64
        Of the glasses with an energy.
    """
    table = oof.glasses.table
    features = MagpieFeatures(dtype="float32")
    columns, magpie = tuple(features.feature_names()), features.compute(oof.glasses.batch)
    glass = table.rows["glass"].to_numpy()[oof.rows]
    thermal = (-1000.0 / kelvin(table.rows["temperature_C"].to_numpy(np.float64)[oof.rows]))[:, None]
    value = table.rows[CONDUCTIVITY.column].to_numpy(np.float64)[oof.rows]
    energy, told = table.taught_energies(), oof.with_energy
    said, said_energy = np.empty(len(oof.rows)), np.empty(len(told))

    def fill(fold: int) -> None:
        inside = oof.folds[glass] == fold
        inputs = np.hstack([magpie[glass], thermal]).astype(np.float32)
        booster = BoosterEnsemble.fit(inputs[~inside], value[~inside], (*columns, THERMAL), PLAIN_BOOSTER)
        said[inside] = booster.predict(inputs[inside])
        inside = oof.folds[told] == fold
        plain = replace(PLAIN_BOOSTER, monotone={})
        booster = BoosterEnsemble.fit(magpie[told[~inside]], energy[told[~inside]], columns, plain)
        said_energy[inside] = booster.predict(magpie[told[inside]])

    side_by_side(fill, np.unique(oof.folds))
    return said, said_energy
