"""Recipes of the field beside trees and process, on the folds of `ionscout evaluate`: what helps on both groupings?

    IONSCOUT_EXTERNAL_DATA=... python benchmarks/trials.py [RECIPE ...] [--property NAME] [--shuffles 1]

Prints the mean absolute error of each recipe (of all, or of those whose names hold one of the words given) under both
groupings, and how far it lies from the blend's trees and process alone on the same folds, with the standard deviation
over shuffles.
Everything is learned inside the folds: a held-out row, and all of its chemical system or paper, teaches nothing.
Computed quantities, which no measurement of conductivity went into, come from the registered models (`ionscout train`)
and from the tables under IONSCOUT_EXTERNAL_DATA. Tuning needs optuna (`pip install optuna`).
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from time import perf_counter

import numpy as np
import pandas as pd
from trial_folds import Fold, mixed, process, trees

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.models.blend import FAMILY_ROWS, BlendSettings
from ionscout.models.booster import BoosterEnsemble, BoosterSettings
from ionscout.models.energy_features import KnownEnergies, known_columns
from ionscout.models.inputs import CONTEXT_COLUMNS, THERMAL, input_columns, input_positions, model_inputs
from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from ionscout.training.data.external import load_materials_project_energies, load_migration_barriers
from ionscout.training.fit import N_FOLDS
from ionscout.training.folds import grouped_folds
from ionscout.training.measured_table import MeasuredTable, side_by_side
from ionscout.training.settings import TEACHERS
from ionscout.training.studies import MERGED_FAMILIES, SPLIT_YEAR
from ionscout.training.train import measured_rows

GROUPINGS = ("system", "source")
# What recipes are compared with: each changes one thing of it. The shipped conductivity adds differences to it.
BASE = "trees and process alone"
# Tuning: optuna's trials of one fold, and the inner folds of its training part that score each.
TUNING_TRIALS, INNER_FOLDS = 25, 4
# Compositions more alike than this are one.
SAME = 0.999
BARRIERS = BoosterSettings(
    rounds=500, parameters={"max_depth": 5, "eta": 0.04, "subsample": 0.7, "colsample_bytree": 0.3, "nthread": 1}
)
# Above this the vacancies of an alkali halide are Schottky's own, and their formation is part of the activation energy.
INTRINSIC_EV = 1.3
ALKALI_HALIDE_ELEMENTS = frozenset(["Li", "Na", "K", "Rb", "Cs", "F", "Cl", "Br", "I"])


# A recipe says (n,) of the held-out rows of a fold.
Recipe = Callable[[Fold], np.ndarray]


# Computed quantities


@cache
def computed_quantities() -> pd.DataFrame:
    """Computed quantities of every measured row: of the registered models, of known energies, of known barriers."""
    rows = measured_rows()
    said = ion.predict(rows[["formula", "temperature_C", "state"]])
    made = said[["reduction_limit_V", "oxidation_limit_V", "energy_above_hull_eV_atom"]].reset_index(drop=True)
    made["window_V"] = made["oxidation_limit_V"] - made["reduction_limit_V"]

    # Rows of the test split stay out of sight here too.
    known = load_materials_project_energies().query("split != 'test'")
    energies = KnownEnergies(
        CompositionBatch.from_formulas(known["formula"]), known["formation_energy_eV_atom"].to_numpy(np.float64)
    )
    formulas, which = np.unique(rows["formula"].to_numpy(str), return_inverse=True)
    asked = CompositionBatch.from_formulas(formulas)
    described = pd.DataFrame(energies.describe(asked), columns=list(known_columns()))
    kept = {
        "formation_energy_eV_atom": "process_energy_eV_atom",
        "mixture_energy_eV_atom": "mixture_energy_eV_atom",
        "decomposition_energy_eV_atom": "process_above_mixture_eV_atom",
    }
    for name, source in kept.items():
        made[name] = described[source].to_numpy()[which]

    barriers = load_migration_barriers()
    hosts = CompositionBatch.from_formulas(barriers["formula"])
    good = hosts.is_readable & barriers["migration_barrier_eV"].notna().to_numpy()
    names = input_columns(context=False)
    seen, target = model_inputs(hosts)[good], np.log(barriers["migration_barrier_eV"].to_numpy(np.float64)[good])
    booster = BoosterEnsemble.fit(seen[:, input_positions(names)], target, names, BARRIERS)
    made["log_barrier"] = booster.predict(model_inputs(asked)[:, input_positions(names)])[which]
    return made


WINDOW = ("reduction_limit_V", "oxidation_limit_V", "window_V", "energy_above_hull_eV_atom")
ENERGIES = ("formation_energy_eV_atom", "mixture_energy_eV_atom", "decomposition_energy_eV_atom")
BARRIER = ("log_barrier",)


def with_computed(fold: Fold, names: tuple[str, ...]) -> np.ndarray:
    """Computed quantities as further columns of the trees."""
    said = trees(fold, fold.settings.booster, computed_quantities()[list(names)])
    return mixed(fold, said, fold.process_part)


def at_computed_distance(fold: Fold, names: tuple[str, ...], times: int, both: bool = False) -> np.ndarray:
    """Computed quantities in the ionic distance of the process, each counted as `times` ionic features."""
    chosen = computed_quantities()[list(names)]
    filled = chosen.fillna(chosen.median()).to_numpy(np.float32)
    places = fold.table.places
    wider = replace(places, ionic=np.hstack([places.ionic, *[filled] * times]))
    said = trees(fold, fold.settings.booster, chosen) if both else fold.tree_part
    return mixed(fold, said, process(fold, fold.settings.kernel, wider))


# Differences within a host series


def with_differences(
    fold: Fold, share: float, fading: float = 0.0, opinion: bool = False, new: bool = False
) -> np.ndarray:
    """Differences beside trees and process; their share fades with the likeness to the power `fading`.

    `new` asks them only where the composition itself was not measured: of repeats the process takes the better mean.
    """
    likeness = fold.pairs[1].likeness[:, 0]
    part = share * likeness**fading
    if new:
        part = np.where(likeness < SAME, part, 0.0)
    return (1.0 - part) * fold.base + part * (fold.opinionated if opinion else fold.different)


def with_relatives(fold: Fold, names: tuple[str, ...]) -> np.ndarray:
    """What the nearest relatives were measured to have, and how the row differs from them, as columns of the trees."""
    rows, made = np.concatenate([fold.train, fold.test]), []
    for pairs in fold.pairs:
        columns = {"likeness": pairs.likeness[:, 0], "more_elements": pairs.plain[:, 0]}
        if "value" in names:
            near = np.maximum(pairs.likeness, 1e-3) ** 4
            columns |= {"nearest": pairs.value[:, 0], "value": np.average(pairs.value, axis=1, weights=near)}
        if "vacancies" in names:
            # The parent is the relative of fewest elements, the nearest of these.
            parent = np.argmax(pairs.plain, axis=1)
            columns |= {f"vacancies_{i}": c for i, c in enumerate(pairs.vacancies[np.arange(len(parent)), parent].T)}
        made.append(pd.DataFrame(columns))
    extra = pd.concat(made, ignore_index=True).set_index(rows).reindex(range(len(fold.table.rows)))
    return mixed(fold, trees(fold, fold.settings.booster, extra), fold.process_part)


# Interaction constraints


def constrained(fold: Fold, division: Callable[[str], str | None]) -> np.ndarray:
    """Trees whose branches hold columns of one set alone; columns of no set may stand in any."""
    columns, booster = fold.settings.columns, fold.settings.booster
    kinds = [division(name) for name in columns]
    sets = [
        [name for name, kind in zip(columns, kinds, strict=True) if kind in (one, None)]
        for one in dict.fromkeys(kind for kind in kinds if kind is not None)
    ]
    places = [[columns.index(name) for name in names] for names in sets]
    parameters = {**booster.parameters, "interaction_constraints": str(places)}
    return mixed(fold, trees(fold, replace(booster, parameters=parameters)), fold.process_part)


def context_or_composition(name: str) -> str:
    return "context" if name in CONTEXT_COLUMNS else "composition"


def temperature_or_rest(name: str) -> str:
    return "temperature" if name == THERMAL else "rest"


def ionic_or_framework(name: str) -> str | None:
    if name in CONTEXT_COLUMNS:
        return None
    return "framework" if name.startswith(("framework_mean", "framework_profile", "fraction_")) else "ionic"


# Tuning inside the folds


def tuned(fold: Fold, what: str) -> np.ndarray:
    """The blend with constants that optuna found on inner folds of the training rows."""
    import optuna  # pyright: ignore[reportMissingImports]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    part = grouped_folds(fold.column(f"group_{fold.grouping}"), INNER_FOLDS, seed=0)
    inner = [
        replace(fold, train=fold.train[part != number], test=fold.train[part == number])
        for number in range(INNER_FOLDS)
    ]

    def answer(one: Fold, settings: BlendSettings) -> np.ndarray:
        # What is not tuned is fitted once and kept.
        said = trees(one, settings.booster) if "trees" in what else one.tree_part
        process_said = process(one, settings.kernel, one.table.places) if "process" in what else one.process_part
        return mixed(replace(one, settings=settings), said, process_said)

    def error(trial) -> float:
        settings = suggested(trial, fold.settings, what)
        errors = [np.abs(answer(one, settings) - fold.table.target(fold.fact)[one.test]) for one in inner]
        return float(np.concatenate(errors).mean())

    search = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    search.enqueue_trial(shipped_constants(fold.settings, what))
    search.optimize(error, n_trials=TUNING_TRIALS)
    return answer(fold, suggested(optuna.trial.FixedTrial(search.best_params), fold.settings, what))


# Constants of the trees that are tuned, with their bounds; those of the process are tuned to a third or three times.
TREES = {
    "eta": (0.01, 0.12),
    "subsample": (0.4, 1.0),
    "colsample_bytree": (0.1, 0.8),
    "min_child_weight": (1.0, 15.0),
    "reg_lambda": (0.3, 30.0),
}
FIXED = ("constant", "state", "l_state")


def suggested(trial, settings: BlendSettings, what: str) -> BlendSettings:
    if "trees" in what:
        found: dict[str, float] = {n: trial.suggest_float(n, *bounds, log=True) for n, bounds in TREES.items()}
        found["max_depth"] = trial.suggest_int("max_depth", 2, 6)
        parameters = {**settings.booster.parameters, **found}
        settings = replace(settings, booster=replace(settings.booster, parameters=parameters))
    if "process" in what:
        constants = {n: v for n, v in vars(settings.kernel).items() if n not in FIXED}
        scaled = {n: v * trial.suggest_float(n, 1 / 3, 3.0, log=True) for n, v in constants.items()}
        settings = replace(settings, kernel=replace(settings.kernel, **scaled))
    return replace(settings, share=trial.suggest_float("share", 0.1, 0.9))


def shipped_constants(settings: BlendSettings, what: str) -> dict[str, float]:
    constants = {"share": settings.share}
    if "trees" in what:
        constants |= {name: settings.booster.parameters[name] for name in ("max_depth", *TREES)}
    if "process" in what:
        constants |= {name: 1.0 for name in vars(settings.kernel) if name not in FIXED}
    return constants


RECIPES: dict[str, Recipe] = {
    BASE: lambda fold: fold.base,
    "the blend as shipped": lambda fold: fold.shipped,
    "trees: + window and energy above hull": partial(with_computed, names=WINDOW),
    "trees: + formation, mixture and decomposition energy": partial(with_computed, names=ENERGIES),
    "trees: + migration barrier": partial(with_computed, names=BARRIER),
    "trees: + all computed quantities": partial(with_computed, names=(*WINDOW, *ENERGIES, *BARRIER)),
    "process: window and hull in its ionic distance": partial(at_computed_distance, names=WINDOW, times=1),
    "process: the same, each counted five times": partial(at_computed_distance, names=WINDOW, times=5),
    "process: all computed, each counted three times": partial(
        at_computed_distance, names=(*WINDOW, *ENERGIES, *BARRIER), times=3
    ),
    "both: all computed": partial(at_computed_distance, names=(*WINDOW, *ENERGIES, *BARRIER), times=3, both=True),
    "trees: + values of the nearest relatives": partial(with_relatives, names=("value",)),
    "trees: + vacancies against the parent": partial(with_relatives, names=("vacancies",)),
    "trees: + both": partial(with_relatives, names=("value", "vacancies")),
    "differences alone": partial(with_differences, share=1.0),
    "differences, half": partial(with_differences, share=0.5),
    "differences, half, fading with likeness": partial(with_differences, share=0.5, fading=1.0),
    "differences, half, fading, where new": partial(with_differences, share=0.5, fading=1.0, new=True),
    "differences, all, fading with its fourth power": partial(with_differences, share=1.0, fading=4.0),
    "differences that see the process, alone": partial(with_differences, share=1.0, opinion=True),
    "differences that see the process, half": partial(with_differences, share=0.5, opinion=True),
    "differences that see the process, half, where new": partial(with_differences, share=0.5, opinion=True, new=True),
    "differences that see the process, instead of the trees": lambda f: mixed(f, f.opinionated, f.process_part),
    "trees: context apart from composition": partial(constrained, division=context_or_composition),
    "trees: temperature apart from the rest": partial(constrained, division=temperature_or_rest),
    "trees: ionic columns apart from the framework": partial(constrained, division=ionic_or_framework),
    "tuned in the folds: share alone": partial(tuned, what=""),
    "tuned in the folds: trees": partial(tuned, what="trees"),
    "tuned in the folds: process": partial(tuned, what="process"),
}

# Rows of a family that make it known, instead of `FAMILY_ROWS`; of others the median is told.
KNOWN_FROM = {f"a family is known from {n} rows": n for n in (1, 3, 5, 15)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="*", help="words in the names of the recipes to try; all where none is given")
    parser.add_argument("--property", choices=list(TEACHERS), help="both where none is given")
    parser.add_argument("--shuffles", type=int, default=1)
    parser.add_argument("--halides", action="store_true", help="tell the error of alkali halides alone")
    parser.add_argument("--hide", nargs="+", metavar="ELEMENT", help="tell what is said of rows with these, untaught")
    parser.add_argument("--unseen", action="store_true", help="leave out whole families, and predict later papers")
    options = parser.parse_args()
    table = MeasuredTable.of(measured_rows())
    facts = [f for f in (CONDUCTIVITY, ACTIVATION_ENERGY) if options.property in (None, f.name)]
    if options.halides:
        halides(table, options.shuffles)
        return
    if options.hide:
        hidden(table, options.hide)
        return
    everything = RECIPES | dict.fromkeys(KNOWN_FROM, RECIPES[BASE])
    chosen = {n: r for n, r in everything.items() if not options.recipe or any(word in n for word in options.recipe)}
    groupings = ("family", "time") if options.unseen else GROUPINGS
    for fact in facts:
        titles = " | ".join(f"{grouping} | against them" for grouping in groupings)
        print(f"| {fact.name}, {options.shuffles} shuffles | {titles} | s |")
        print("|---|---|---|---|---|---|")
        folds = {g: [split(table, fact, g, seed) for seed in range(options.shuffles)] for g in groupings}
        base = {g: [errors(folds_, RECIPES[BASE]).mean() for folds_ in folds[g]] for g in groupings}
        for name, recipe in chosen.items():
            begun, cells, rows = perf_counter(), [], KNOWN_FROM.get(name, FAMILY_ROWS)
            for grouping in groupings:
                found = np.array([errors(one, recipe, rows).mean() for one in folds[grouping]])
                less = found - base[grouping]
                cells += [f"{found.mean():.3f}", f"{less.mean():+.3f} ± {less.std():.3f}"]
            print(f"| {name} | {' | '.join(cells)} | {perf_counter() - begun:.0f} |", flush=True)


def split(table: MeasuredTable, fact: Property, grouping: str, seed: int) -> list[Fold]:
    """The folds of `ionscout evaluate` for one shuffle; families and later papers are split one way only."""
    known, rows = np.isfinite(table.target(fact)), table.rows
    taught = known
    if grouping == "family":
        part = np.where(known, pd.factorize(rows["family"].map(MERGED_FAMILIES), sort=True)[0], -1)
    elif grouping == "time":
        part = np.where(known & (rows["year"] >= SPLIT_YEAR), 0, -1)
        taught = known & rows["year"].notna().to_numpy()
    else:
        part = table.folds(fact, grouping, N_FOLDS, seed)
    group = grouping if grouping in GROUPINGS else "system"
    return [
        Fold(table, fact, group, np.flatnonzero(taught & (part != n)), np.flatnonzero(part == n), TEACHERS[fact.name])
        for n in range(part.max() + 1)
    ]


def errors(folds: list[Fold], recipe: Recipe, family_rows: int = FAMILY_ROWS) -> np.ndarray:
    """Absolute errors (n,) of all rows, each told by its fold; a family that was not taught gets the median."""

    def of(fold: Fold) -> np.ndarray:
        taught = fold.table.places[fold.train]
        families, rows = np.unique(taught.family[taught.glassy != 1], return_counts=True)
        blend = replace(fold.blend, families=tuple(families[rows >= family_rows].tolist()))
        said = blend.or_median(recipe(fold), fold.table.places.family[fold.test])
        return np.abs(np.clip(said, fold.fact.lower, fold.fact.upper) - fold.table.target(fold.fact)[fold.test])

    return np.concatenate(side_by_side(of, folds))


def halides(table: MeasuredTable, shuffles: int) -> None:
    """Print the error of the activation energy with and without alkali halides, which have no framework cation."""
    print(f"| activation energy, {shuffles} shuffles | rows | MAE | median absolute error | share of all error |")
    print("|---|---|---|---|---|")
    energy, elements = table.target(ACTIVATION_ENERGY), table.rows["group_system"].str.split("-")
    halide = elements.map(ALKALI_HALIDE_ELEMENTS.issuperset).to_numpy(bool)
    everyone = np.full(len(halide), True)
    chosen = {
        "all": everyone,
        f"without alkali halides above {INTRINSIC_EV} eV": ~(halide & (energy > INTRINSIC_EV)),
        "without alkali halides": ~halide,
        f"alkali halides above {INTRINSIC_EV} eV alone": halide & (energy > INTRINSIC_EV),
        "alkali halides alone": halide,
    }
    for grouping in GROUPINGS:
        shuffled = [split(table, ACTIVATION_ENERGY, grouping, seed) for seed in range(shuffles)]
        error = [errors(folds, RECIPES[BASE]) for folds in shuffled]
        row = [np.concatenate([fold.test for fold in folds]) for folds in shuffled]
        for name, which in chosen.items():
            parts = [e[which[r]] for e, r in zip(error, row, strict=True)]
            mean, middle = np.mean([p.mean() for p in parts]), np.mean([np.median(p) for p in parts])
            share = np.mean([p.sum() / e.sum() for p, e in zip(parts, error, strict=True)])
            print(f"| by {grouping}, {name} | {len(parts[0])} | {mean:.3f} | {middle:.3f} | {share:.0%} |")


def hidden(table: MeasuredTable, elements: list[str]) -> None:
    """Print what is said of the rows that hold all of some elements, where none of them was taught."""
    holds = table.rows["group_system"].str.split("-").map(set(elements).issubset).to_numpy(bool)
    known = np.isfinite(table.target(CONDUCTIVITY))
    for grouping in GROUPINGS:
        taught, asked = np.flatnonzero(known & ~holds), np.flatnonzero(known & holds)
        fold = Fold(table, CONDUCTIVITY, grouping, taught, asked, TEACHERS[CONDUCTIVITY.name])
        said = table.rows.iloc[asked][["formula", "temperature_C", CONDUCTIVITY.column]].assign(
            shipped=fold.shipped, differences=fold.different, that_see_the_process=fold.opinionated
        )
        print(f"pairs learned across each {grouping}")
        print(said.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
