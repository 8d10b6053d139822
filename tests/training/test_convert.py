"""Raw measurements become rows that the store takes; what cannot be right is named and harms no other row."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ionscout as ion
from ionscout.models.physics import BOLTZMANN_EV
from ionscout.serve.cli import app
from ionscout.training.data.reading import TableError


def pellets():
    """Impedance of two pellets: a NASICON over temperature, and a polymer-like bent run under the name of a glass."""
    celsius = np.array([0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0])
    kelvin = celsius + 273.15
    straight = 900.0 * np.exp(-0.32 / (BOLTZMANN_EV * kelvin))
    bent = 0.3 * np.exp(-900.0 / (kelvin - 200.0))
    sigma = np.concatenate([straight, bent])
    wobble = 1 + 0.005 * np.sin(np.arange(14) * 2.3)
    return pd.DataFrame(
        {
            "formula": ["Na3Zr2Si2PO12"] * 7 + ["Na3PS4"] * 7,
            "sample": ["pellet 3"] * 7 + ["film 1"] * 7,
            "temperature_C": np.tile(celsius, 2),
            "resistance_ohm": 0.12 / (sigma * wobble * 0.785),
            "thickness_cm": 0.12,
            "area_cm2": 0.785,
            "area_sd_cm2": 0.0157,
        }
    )


def test_impedance_runs_become_rows_that_the_store_takes(tmp_path):
    done = ion.convert(pellets())
    assert done.problems.empty
    assert done.rows["conductivity_S_cm"][2] == pytest.approx(900.0 * np.exp(-0.32 / (BOLTZMANN_EV * 273.15)), rel=0.01)
    # Two per cent in the area is two per cent in the conductivity.
    assert (done.rows["conductivity_sd_S_cm"] / done.rows["conductivity_S_cm"]).to_numpy() == pytest.approx(0.02)
    assert done.fits["better"].tolist() == ["arrhenius", "vtf"]
    energy = done.fits[["activation_energy_eV_lower", "activation_energy_eV_upper"]].to_numpy()[0]
    assert energy[0] < 0.32 < energy[1]
    assert done.fits.loc[1, "vtf_T0_K"] == pytest.approx(200.0, abs=8.0)
    assert set(done.rows["method"]) == {"EIS"}
    assert done.rows["note"].iloc[-1] == "Arrhenius fit of 7 points, 0 to 90 C; VTF fits better"
    report = ion.add_measurements(done.rows, by="A. Volta", uri=f"sqlite:///{tmp_path / 'm.db'}")
    assert len(report.added) == 14
    kept = ion.measurements("electrolyte", uri=f"sqlite:///{tmp_path / 'm.db'}")
    assert kept["conductivity_S_cm"].tolist() == done.rows["conductivity_S_cm"].tolist()
    assert kept["thickness_cm"].tolist() == ["0.12"] * 14  # the raw numbers stay with the row


def test_bad_rows_are_named_and_harm_no_other():
    lab = pellets().astype({"resistance_ohm": object, "temperature_C": object})
    lab.loc[1, "resistance_ohm"] = "12 kΩ"
    lab.loc[2, "thickness_cm"] = np.nan
    lab.loc[3, "area_cm2"] = -0.785
    lab.loc[4, "temperature_C"] = -300.0
    done = ion.convert(lab)
    assert done.problems["row"].tolist() == [3, 4, 5, 6]
    assert done.problems["column"].tolist() == ["resistance_ohm", "thickness_cm", "area_cm2", "temperature_C"]
    assert done.rows["error"].notna().tolist() == [False, True, True, True, True] + [False] * 9
    assert done.rows["conductivity_S_cm"].isna().tolist() == done.rows["error"].notna().tolist()
    assert done.fits["points"].tolist() == [3, 7]
    alone = ion.convert(pellets().iloc[7:]).fits
    assert done.fits.loc[1, "vtf_B_K"] == pytest.approx(alone.loc[0, "vtf_B_K"], rel=1e-9)


def test_a_conductivity_that_contradicts_its_resistance_is_named():
    lab = pellets().head(2).assign(conductivity_S_cm=[np.nan, 1e-3])
    done = ion.convert(lab)
    assert done.problems[["row", "column"]].to_numpy().tolist() == [[3, "conductivity_S_cm"]]
    assert "thickness / (resistance x area)" in done.rows["error"].iloc[1]


def test_conductivities_alone_are_fitted_and_given_energies_stay():
    lab = pd.DataFrame(
        {
            "formula": "Na3SbS4",
            "temperature_C": [25.0, 50.0, 75.0],
            "conductivity_S_cm": [1.1e-3, 2.4e-3, 4.7e-3],
            "activation_energy_eV": [0.22, np.nan, np.nan],
        }
    )
    done = ion.convert(lab)
    fitted = done.fits["activation_energy_eV"].iloc[0]
    slope = np.polyfit(1 / (BOLTZMANN_EV * (lab["temperature_C"] + 273.15)), np.log(lab["conductivity_S_cm"]), 1)[0]
    assert fitted == pytest.approx(-slope, rel=1e-9)
    assert done.rows["activation_energy_eV"].tolist() == [0.22, fitted, fitted]
    assert done.fits["activation_energy_sigmaT_eV"].iloc[0] - fitted == pytest.approx(0.028, abs=0.002)


def test_polarisation_becomes_a_transference_number():
    cells = pd.DataFrame(
        {
            "polymer": "PEO",
            "salt": "NaTFSI",
            "polarisation_V": [0.010, 0.010, 0.010, 0.050],
            "initial_current_A": [2e-5, 2e-5, 1e-5, 2e-5],
            "steady_current_A": [1e-5, 1e-5, 2e-5, 1e-5],
            "initial_resistance_ohm": [100.0, 600.0, 0.0, 100.0],
            "steady_resistance_ohm": [100.0, 100.0, 0.0, 100.0],
            "steady_current_sd_A": [1e-7, 1e-7, 1e-7, np.nan],
        }
    )
    done = ion.convert(cells)
    assert done.rows["transference_number"].iloc[0] == pytest.approx(4 / 9)
    assert done.rows["transference_number_sd"].iloc[0] == pytest.approx(4 / 900 * 10 / 9)
    assert done.rows["error"].notna().tolist() == [False, True, True, False]
    assert "take the whole polarisation" in done.rows["error"].iloc[1]
    assert "above 1" in done.rows["error"].iloc[2]
    assert done.problems[["row", "severity"]].to_numpy().tolist() == [[3, "error"], [4, "error"], [5, "warning"]]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"formula": "Na3PS4", "resistance_ohm": [1.0], "thickness_mm": 1.0, "area_cm2": 1.0}, "divide by 10 and name"),
        ({"formula": "Na3PS4", "temperature_K": [300.0], "conductivity_S_cm": 1e-3}, "subtract 273.15"),
        ({"formula": "Na3PS4", "resistance_ohm": [1.0], "area_cm2": 1.0}, "columns thickness_cm are missing"),
        ({"formula": ["Na3PS4"]}, "nothing to convert"),
    ],
)
def test_a_table_in_other_units_or_without_measurements_is_refused(columns, said):
    with pytest.raises(TableError, match=said):
        ion.convert(pd.DataFrame(columns))


def test_the_command_writes_table_fits_and_plot(tmp_path):
    raw, out, fits, plot = (tmp_path / name for name in ("raw.csv", "out.csv", "fits.csv", "fit.png"))
    pellets().to_csv(raw, index=False)
    said = CliRunner().invoke(
        app, ["data", "convert", str(raw), "-o", str(out), "--fits", str(fits), "--plot", str(plot)]
    )
    assert said.exit_code == 0, said.output
    assert "14 rows, 0 with errors, 2 samples fitted" in said.output
    assert pd.read_csv(fits)["better"].tolist() == ["arrhenius", "vtf"]
    assert len(ion.validate(out).valid) == 14
    assert plot.read_bytes()[:4] == b"\x89PNG"
