"""Differences to measured relatives, on the measured table."""

from dataclasses import replace

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.blend import Blend
from ionscout.models.booster import BoosterEnsemble, BoosterSettings
from ionscout.models.differences import MEASURED, Differences
from ionscout.models.gaussian_process import Posterior
from ionscout.models.inputs import input_positions, model_inputs
from ionscout.models.properties import CONDUCTIVITY
from ionscout.models.relatives import Places, Relatives
from ionscout.training.measured_table import MeasuredTable
from ionscout.training.settings import LEVEL
from ionscout.training.train import measured_rows

NASICON = "Na-O-P-Si-Zr"


@pytest.fixture(scope="module")
def table() -> MeasuredTable:
    return MeasuredTable.of(measured_rows())


def fitted(table: MeasuredTable, rows: np.ndarray, target: np.ndarray) -> tuple[Differences, Relatives]:
    relatives, which = Relatives.of(table.places[rows])
    source, system, weight = (table.rows[c].to_numpy()[rows] for c in ("group_source", "group_system", "weight"))
    posterior = Posterior.fit(LEVEL.kernel, relatives, which, table.places[rows], target, source)
    blend = Blend.fit(posterior, table.inputs[rows], target, LEVEL, system, weight)
    assert blend.differences is not None, "one chemical system"
    return blend.differences, relatives


@pytest.fixture(scope="module")
def taught(table: MeasuredTable) -> tuple[Differences, Relatives]:
    rows = np.flatnonzero(np.isfinite(table.target(CONDUCTIVITY)))
    return fitted(table, rows, table.target(CONDUCTIVITY)[rows])


def ask(taught: tuple[Differences, Relatives], formulas: list[str]) -> tuple[np.ndarray, np.ndarray]:
    differences, relatives = taught
    batch = CompositionBatch.from_formulas(formulas)
    inputs = model_inputs(batch)
    places = Places.of(batch, inputs)
    return differences.predict(relatives.distances(places), places, inputs)


def without_trees(differences: Differences) -> Differences:
    """The same with trees that say 0 of every pair."""
    columns = differences.booster.columns
    blank = BoosterEnsemble.fit(
        np.zeros((2, len(columns)), np.float32), np.zeros(2), columns, BoosterSettings(rounds=1)
    )
    return replace(differences, booster=blank)


def test_an_answer_is_the_mean_of_relatives_and_of_what_trees_add_to_each(taught):
    differences, relatives = taught
    measured, kernel = differences.measured, differences.kernel
    batch = CompositionBatch.from_formulas(["Na3.3Zr1.7Lu0.3Si2PO12"])
    inputs = model_inputs(batch)
    places = Places.of(batch, inputs)
    far = relatives.distances(places)
    variances = kernel.whole**2, kernel.framework**2, kernel.ionic**2
    alike = {}
    for i, relative in enumerate(measured.which):
        if measured.glassy[i] == 0:
            parts = (
                variance * np.exp(-distance[0, relative] / length)
                for variance, distance, length in zip(
                    variances,
                    (far.whole, far.framework, far.ionic),
                    (kernel.l_whole, kernel.l_framework, kernel.l_ionic),
                    strict=True,
                )
            )
            alike[i] = sum(parts) / sum(variances)
    nearest = sorted(alike, key=lambda i: -alike[i])[: differences.nearest + 1]
    heat = 1000 / 298.15 - 3
    columns = input_positions(differences.booster.columns[:-1])
    values, counts = [], []
    for i in nearest[:-1]:
        line = measured.level[i] + heat * measured.slope[i]
        pair = np.array([[*(inputs[0, columns] - measured.inputs[i]), line]], np.float32)
        values.append(line + differences.booster.predict(pair)[0])
        counts.append(alike[i] - alike[nearest[-1]])
    said, share = differences.predict(far, places, inputs)
    assert said[0] == pytest.approx(np.average(values, weights=counts), abs=1e-5)
    assert share[0] == pytest.approx(differences.share * alike[nearest[0]])


def test_the_answer_does_not_jump_where_one_relative_takes_the_place_of_another(taught):
    steps = np.linspace(0.001, 0.999, 4001)
    walk = [f"Na{3 - 0.12 * x:.6f}P{1 - x:.6f}Sb{0.88 * x:.6f}W{0.12 * x:.6f}S4" for x in steps]
    differences, relatives = taught
    said, _ = ask((without_trees(differences), relatives), walk)
    assert np.ptp(said) > 0.5
    assert np.abs(np.diff(said)).max() < 0.005


def test_rows_of_one_chemical_system_make_no_pair(table, monkeypatch):
    systems = table.rows["group_system"].to_numpy()
    doped = "Mg-Na-O-P-Si-Zr"
    rows = np.flatnonzero(np.isfinite(table.target(CONDUCTIVITY)) & np.isin(systems, [NASICON, doped]))
    pairs, fit = [], BoosterEnsemble.fit

    def noting(inputs, target, columns, *rest):
        if MEASURED in columns:
            pairs.append(inputs[:, columns.index("fraction_Mg")])
        return fit(inputs, target, columns, *rest)

    monkeypatch.setattr(BoosterEnsemble, "fit", noting)
    fitted(table, rows, table.target(CONDUCTIVITY)[rows])
    assert len(pairs[0]) > len(rows)
    assert (pairs[0] != 0).all()
    undoped = rows[systems[rows] == NASICON]
    with pytest.raises(AssertionError, match="one chemical system"):
        fitted(table, undoped, table.target(CONDUCTIVITY)[undoped])


def test_what_is_saved_says_the_same(taught, tmp_path):
    differences, relatives = taught
    differences.save(tmp_path)
    asked = ["Na3.3Zr1.7Lu0.3Si2PO12", "Na3PS4", "NaTaCl6", "Na3OBr"]
    for before, after in zip(ask(taught, asked), ask((Differences.load(tmp_path), relatives), asked), strict=True):
        np.testing.assert_array_equal(before, after)
