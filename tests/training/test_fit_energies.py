"""Fitting both energies: held-out compounds of a corner of chemistry, repeats, and rows that cannot be used."""

import numpy as np
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.training.data.external import load_materials_project_energies
from ionscout.training.fit_energies import EnergySettings, fit_energies

ENERGIES = ("formation_energy_eV_atom", "decomposition_energy_eV_atom")
SALTS = CompositionBatch.from_formulas(["NaCl", "KCl", "RbCl", "NaBr", "KBr", "RbBr", "NaI", "KI", "MgCl2", "CaCl2"])
FORMATION = np.array([-2.13, -2.26, -2.25, -1.87, -2.03, -2.03, -1.50, -1.69, -2.15, -2.75])


def test_held_out_compounds_are_told_better_than_by_their_competitors(external_data):
    table = load_materials_project_energies()
    table = table[table["split"] == "train"]
    batch = CompositionBatch.from_formulas(table["formula"])
    inside = CompositionBatch.from_formulas(["LiNaKRbMgCaAlSiPTiZrFClBrOSSe"]).amounts.indices
    rows = np.flatnonzero(batch.fractions @ np.isin(np.arange(118), inside) > 1 - 1e-9)
    batch, energies = batch[rows], table[list(ENERGIES)].to_numpy(float)[rows]
    held = np.arange(len(batch)) % 5 == 0
    learn = np.flatnonzero(~held)
    parameters = {**EnergySettings().parameters, "max_depth": 6, "eta": 0.1}
    model = fit_energies(
        batch[learn], energies[learn, 0], energies[learn, 1], EnergySettings(rounds=60, parameters=parameters)
    )
    asked = batch[np.flatnonzero(held)]
    said, truth = model.predict(asked).to_numpy(), energies[held]
    errors = np.abs(said - truth).mean(axis=0)
    mixture = model.known.describe(asked)[:, 0]
    assert errors[0] < 0.75 * np.abs(mixture - truth[:, 0]).mean()
    assert errors[1] < 0.8 * np.abs(np.median(energies[learn, 1]) - truth[:, 1]).mean()
    unreadable = model.predict(CompositionBatch.coerce(["Na3P(S4", "Na3PS4"]))
    assert unreadable.isna().all(axis=1).tolist() == [True, False]


def test_a_missing_decomposition_energy_is_named():
    missing = np.where(np.arange(10) == 3, np.nan, FORMATION)
    with pytest.raises(ValueError, match="row 3: decomposition energy nan"):
        fit_energies(SALTS, FORMATION, missing)


def test_the_same_rows_give_the_same_model():
    settings = EnergySettings(rounds=5, seeds=2)
    asked = CompositionBatch.from_formulas(["RbI", "Na2KCl3"])
    first, second = (fit_energies(SALTS, FORMATION, FORMATION, settings).predict(asked) for _ in range(2))
    np.testing.assert_array_equal(first.to_numpy(), second.to_numpy())
