"""What failed samples teach: the sodium table as an instrument would give it that reads nothing below 1e-5 S/cm.

    python benchmarks/limits.py [--floor 1e-5]

The rows below the floor are taught as limits, as values at the limit, not at all, and as what they are; all rows are
then predicted, in 8 folds that no chemical system or no paper straddles, and scored by what was measured of them.
"""

import argparse

import numpy as np

from ionscout.models.properties import CONDUCTIVITY
from ionscout.training.challenge import paired_bootstrap
from ionscout.training.measured_table import MeasuredTable, side_by_side
from ionscout.training.train import measured_rows

FOLDS = 8
LIMITS = "as limits"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--floor", type=float, default=1e-5, help="lowest conductivity that is read, S/cm")
    floor = np.log10(parser.parse_args().floor)
    table = MeasuredTable.of(measured_rows().dropna(subset=[CONDUCTIVITY.column]).reset_index(drop=True))
    truth = table.target(CONDUCTIVITY)
    low = truth < floor
    read = table.rows.assign(**{CONDUCTIVITY.column: np.maximum(truth, floor)})
    every = np.ones(len(truth), dtype=bool)
    ways = {
        LIMITS: (read.assign(censored=low), every),
        "as values at the limit": (read, every),
        "not at all": (read, ~low),
        "as what they are": (table.rows, every),
    }
    print(f"{low.sum()} of {len(truth)} rows lie below {10**floor:g} S/cm; mean absolute errors in decades")
    for grouping in ("system", "source"):
        folds = table.folds(CONDUCTIVITY, grouping, FOLDS, 0)
        groups = table.rows[f"group_{grouping}"].to_numpy(object)
        errors = {name: np.abs(by_folds(table, rows, use, folds) - truth) for name, (rows, use) in ways.items()}
        print(f"no {grouping} on both sides; against limits: difference with its 90 % bootstrap interval over groups")
        for name, error in errors.items():
            low_end, high_end = paired_bootstrap(errors[LIMITS] - error, groups)
            difference = f"{(errors[LIMITS] - error).mean():+.3f} ({low_end:+.3f} to {high_end:+.3f})"
            parts = f"all {error.mean():.3f}, below {error[low].mean():.3f}, others {error[~low].mean():.3f}"
            print(f"  {name}: {parts}" + ("" if name == LIMITS else f"; {difference}"))


def by_folds(table, rows, taught, folds):
    """Predictions (n,) of all rows of `table` by models that saw those of `rows` that are `taught`, fold by fold."""
    teacher, said = MeasuredTable(rows, table.batch, table.inputs, table.places), np.empty(len(folds))

    def fill(fold: int) -> None:
        test = folds == fold
        said[test] = teacher.fit_and_predict(
            CONDUCTIVITY, np.flatnonzero(taught & ~test), table, np.flatnonzero(test)
        ).predicted

    side_by_side(fill, range(FOLDS))
    return said


if __name__ == "__main__":
    main()
