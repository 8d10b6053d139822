"""Do crystal structures help beyond the composition? Errors with and without the structure correction, folds grouped.

    python benchmarks/structure_correction.py [--nested] [--seeds N]

First the curated sodium rows for which a shipped host stands (`training.data.host_structures`), then, where
IONSCOUT_EXTERNAL_DATA names them, the rows of OBELiX' train split with their CIFs (the test split is not read), last
both tables taught together. The models are fitted anew in every fold. Each row is corrected by a booster, and in a
share, that its fold did not teach; with `--nested` by one that also saw only residuals of models its fold did not
teach, which takes eight times as long.
"""

import argparse
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd

from ionscout.models.intervals import GroupedConformal
from ionscout.models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, Property
from ionscout.models.structure_correction import fit_correction, has_structure
from ionscout.training.data.external import external_file
from ionscout.training.data.sources import element_sets
from ionscout.training.fit import N_FOLDS
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.out_of_fold import OutOfFold
from ionscout.training.settings import STRUCTURE
from ionscout.training.structure_fit import FEWEST_ROWS, Stacked, structure_columns
from ionscout.training.train import measured_rows

ROUTE = "install the obelix-data package and save its train table as CSV, and all_cifs.zip, under obelix/"
COLUMNS = structure_columns()


def obelix_train() -> pd.DataFrame:
    """The train split alone, with the CIF text of each row that has one; an entry `<1E-10` stands at its limit."""
    raw = pd.read_csv(external_file("obelix/train.csv", ROUTE), dtype={"Ionic conductivity (S cm-1)": str})
    with zipfile.ZipFile(external_file("obelix/all_cifs.zip", ROUTE)) as files:
        names = {
            name.rsplit("/", 1)[-1].removesuffix(".cif"): name for name in files.namelist() if name.endswith(".cif")
        }
        cifs = [files.read(names[i]).decode() if i in names else None for i in raw["ID"]]
    value = pd.to_numeric(raw["Ionic conductivity (S cm-1)"].str.strip().str.lstrip("<")).astype(float)
    return pd.DataFrame(
        {
            "formula": raw["Reduced Composition"],
            "mobile_ion": "Li",
            "temperature_C": 25.0,
            "state": "crystalline",
            CONDUCTIVITY.column: np.log10(value),
            ACTIVATION_ENERGY.column: np.nan,
            "weight": 1.0,
            "group_system": element_sets(raw["Reduced Composition"]),
            "group_source": raw["DOI"].fillna(raw["ID"]).astype(str),
            "structure": pd.Series(cifs, dtype=object),
        }
    )


def part(table: MeasuredTable, rows: np.ndarray) -> MeasuredTable:
    """Some rows of a table."""
    assert table.structures is not None
    kept = table.rows.iloc[rows].reset_index(drop=True)
    return MeasuredTable(kept, table.batch[rows], table.inputs[rows], table.places[rows], table.structures[rows])


def nested(table: MeasuredTable, oof: OutOfFold, stack: Stacked, seed: int) -> OutOfFold:
    """The record with its rows corrected by what was fitted, from the composition's model on, without their fold."""
    assert table.structures is not None
    fact, predicted = oof.fact, oof.predicted.copy()
    for number in np.unique(oof.fold[stack.members]):
        inner = part(table, oof.row[oof.fold != number])
        within = inner.out_of_fold(fact, oof.grouping, inner.folds(fact, oof.grouping, N_FOLDS, seed))
        assert inner.structures is not None
        taught = Stacked.of(within, inner.structures, COLUMNS)
        if taught is None or (share := taught.share()) == 0:
            continue
        booster = fit_correction(
            taught.structures, taught.residuals, within.domain_score[taught.members], COLUMNS, STRUCTURE
        )
        here = stack.members[oof.fold[stack.members] == number]
        predicted[here] += share * oof.domain_score[here] * booster.predict(table.structures[oof.row[here]])
    return replace(oof, predicted=np.clip(predicted, fact.lower, fact.upper))


def say(oof: OutOfFold, after: OutOfFold, rows: np.ndarray, what: str) -> None:
    """One line: errors without and with, the gain with its bootstrap interval over groups."""
    without, with_ = (np.abs(o.predicted - o.truth)[rows] for o in (oof, after))
    low, high = bootstrap_of_the_gain(without - with_, oof.group[rows])
    print(
        f"    {what:26} {len(rows):4} rows, {len(set(oof.group[rows])):3} groups: {without.mean():.3f} -> "
        f"{with_.mean():.3f}, less by {np.mean(without - with_):+.3f} ({low:+.3f} to {high:+.3f})"
    )


def say_intervals(oof: OutOfFold, rows: np.ndarray) -> None:
    """Coverage and width of the 90 % interval of corrected rows, each fold's calibrated on those of the others."""
    half, error = np.empty(len(rows)), (oof.predicted - oof.truth)[rows]
    doubt, family, fold = oof.domain_score[rows], oof.family[rows], oof.fold[rows]
    for number in np.unique(fold):
        inside = fold == number
        if (~inside).sum() < FEWEST_ROWS:
            print("    too few rows to test an interval")
            return
        intervals = GroupedConformal.fit(error[~inside], doubt[~inside], family[~inside])
        half[inside] = intervals.half_width(doubt[inside], kinds=family[inside])
    print(f"    90 % interval covers {np.mean(np.abs(error) <= half):.2f}, width {2 * half.mean():.2f}")


def bootstrap_of_the_gain(gain: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """90 % interval of the mean gain when groups are drawn with replacement."""
    codes = np.unique(groups.astype(str), return_inverse=True)[1]
    total, count = np.bincount(codes, gain), np.bincount(codes)
    draws = np.random.default_rng(0).integers(0, len(count), (2000, len(count)))
    means = total[draws].sum(axis=1) / count[draws].sum(axis=1)
    return float(np.quantile(means, 0.05)), float(np.quantile(means, 0.95))


def study(title: str, rows: pd.DataFrame, facts: list[Property], seeds: int, deep: bool) -> None:
    table = MeasuredTable.of(rows)
    assert table.structures is not None
    print(f"{title}: {len(rows)} rows, {int(has_structure(table.structures).sum())} with a structure")
    for fact in facts:
        for grouping in ("system", "source"):
            for seed in range(seeds):
                oof = table.out_of_fold(fact, grouping, table.folds(fact, grouping, N_FOLDS, seed))
                stack = Stacked.of(oof, table.structures, COLUMNS)
                if stack is None:
                    print(f"  {fact.name} by {grouping}: too few rows with a structure")
                    break
                print(f"  {fact.name} by {grouping}, shuffle {seed}, share {stack.share():.2f}")
                whole = replace(stack.oof, predicted=stack.oof.predicted.copy())
                whole.predicted[stack.members] += stack.corrections
                after = stack.corrected()
                say(oof, whole, stack.members, "with structure, not shrunk")
                say(oof, after, stack.members, "with structure")
                say_intervals(after, stack.members)
                sodium = stack.members[rows["mobile_ion"].eq("Na").to_numpy()[oof.row[stack.members]]]
                if 0 < len(sodium) < len(stack.members):
                    say(oof, after, sodium, "sodium, with structure")
                say(oof, after, np.arange(len(oof.truth)), "all")
                if deep:
                    say(oof, nested(table, oof, stack, seed), stack.members, "with structure, nested")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nested", action="store_true", help="also fit the composition's models anew inside each fold")
    parser.add_argument("--seeds", type=int, default=2, help="shuffles of the folds")
    parser.add_argument("--only", choices=("curated", "obelix", "together"))
    options = parser.parse_args()
    curated = measured_rows(structures=True)
    if options.only in (None, "curated"):
        study("curated sodium table", curated, [CONDUCTIVITY, ACTIVATION_ENERGY], options.seeds, options.nested)
    if options.only != "curated":
        try:
            rows = obelix_train()
        except FileNotFoundError as error:
            print(f"OBELiX: NOT measured: {error}")
            return
        if options.only != "together":
            study("OBELiX, train split", rows, [CONDUCTIVITY], options.seeds, options.nested)
    if options.only in (None, "together"):
        both = pd.concat([curated, rows], ignore_index=True)
        study("both together", both, [CONDUCTIVITY], options.seeds, options.nested)


if __name__ == "__main__":
    main()
