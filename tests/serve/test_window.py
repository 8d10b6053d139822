"""`ion.window`, `ion.interface`, profiles, coatings and their plots."""

import os

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

from ionscout.serve.interface import ELECTRODES, coatings, interface
from ionscout.serve.window import voltage_profile, window
from ionscout.serve.window_plots import energy_voltage_plot, reaction_energy_plot

needs_energies = pytest.mark.skipif(
    not os.environ.get("IONSCOUT_EXTERNAL_DATA"),
    reason="IONSCOUT_EXTERNAL_DATA names no folder with materials_project_formation_energies.csv.gz",
)
COLUMNS = [
    "formula",
    "reduction_limit_V",
    "oxidation_limit_V",
    "energy_above_hull_eV_atom",
    "reduction_products",
    "oxidation_products",
    "decomposition",
    "source",
    "error",
]


@pytest.fixture
def table() -> pd.DataFrame:
    energies = {"NaCl": -2.131, "Na2S": -1.26, "CuS": -0.275, "CuCl": -0.7, "Na3SCl": -1.5, "LiCl": -2.1, "Al2O3": -3.4}
    return pd.DataFrame({"formula": [*energies], "formation_energy_eV_atom": [*energies.values()]})


def test_columns_are_those_agreed(table):
    assert window("NaCl", table).columns.tolist() == COLUMNS


def test_bad_rows_keep_their_place_and_say_why(table):
    found = window(["NaCl", "Na(Cl", "LiCl", "Al2O3", "NaBr", "Na", "Na3S2Cl", None, "Na2S"], table)
    assert found["error"].isna().tolist() == [True, *[False] * 7, True]
    for row, part in enumerate(
        [
            "",
            "unclosed bracket",
            "ask with alkali='Li'",
            "no Na in Al2O3",
            "contains Br",
            "metal itself",
            "not in the energy",
        ]
    ):
        assert part in (found["error"].iloc[row] or "")
    assert found["oxidation_limit_V"].notna().tolist() == [True, *[False] * 7, True]
    assert found["source"].tolist() == ["exact", *[None] * 7, "exact"]
    pd.testing.assert_frame_equal(found.iloc[[0]], window(["NaCl"], table))


def test_index_of_the_input_is_kept(table):
    asked = pd.Series(["NaCl", "Na2S"], index=["a", "b"])
    assert window(asked, table).index.tolist() == ["a", "b"]
    assert window(Composition("NaCl"), table)["oxidation_limit_V"].iloc[0] == pytest.approx(4.262)


def test_own_energies_come_with_the_formulas(table):
    asked = pd.DataFrame({"formula": ["Na3SCl", "Na3SCl"], "formation_energy_eV_atom": [np.nan, -1.7]})
    found = window(asked, table)
    assert found["energy_above_hull_eV_atom"].iloc[0] == pytest.approx(-1.5 - (-2.131 * 2 - 1.26 * 3) / 5)
    assert found["decomposition"].tolist() == ["Na2S + NaCl", "stable"]
    assert found["oxidation_limit_V"].iloc[1] > found["oxidation_limit_V"].iloc[0]


def test_unknown_compositions_can_be_taken_on_the_hull(table):
    found = window(["Na3S2Cl", "NaCl"], table, on_hull=True)
    assert found["source"].tolist() == ["assumed on hull", "exact"]
    assert np.isnan(found["energy_above_hull_eV_atom"].iloc[0])
    assert found["oxidation_limit_V"].notna().all()


def test_reaction_with_a_counterpart(table):
    found = window(["Na2S", "NaCl"], table, against="CuCl")
    assert found["reaction"].tolist() == ["Na2S + 2 CuCl → 2 NaCl + CuS + Cu", "none"]
    assert found["reaction_energy_eV_atom"].iloc[1] == 0
    with pytest.raises(ValueError, match="2 counterparts for 1"):
        window("NaCl", table, against=["CuCl", "CuS"])


def test_an_unusable_counterpart_is_named(table):
    with pytest.raises(ValueError, match="against NaBr: no phase of the energy table contains Br"):
        window("Na2S", table, against="NaBr")
    with pytest.raises(ValueError, match=r"against Na2\(S: formula .* unclosed bracket"):
        window("Na2S", table, against="Na2(S")
    found = window(["Na2S", "Na2S", "Na(Cl"], table, against=["CuCl", "NaBr", "NaBr"])
    assert found["oxidation_limit_V"].notna().tolist() == [True, True, False]
    assert found["reaction"].notna().tolist() == [True, False, False]
    assert found["error"][0] is None
    assert found["error"][1] == "against NaBr: no phase of the energy table contains Br"
    assert "unclosed bracket" in found["error"][2]


def test_reactions_are_balanced(table):
    profile = voltage_profile("Na3SCl", table)
    for text, uptake in zip(profile["reaction"], profile["uptake"], strict=True):
        left, right = (side.split(" + ") for side in text.split(" → "))
        amounts = [sum((_atoms(part) for part in side), Composition()) for side in (left, right)]
        assert amounts[0].almost_equals(amounts[1], rtol=1e-3)
        assert ("Na" in left) == (uptake > 1e-6)


def _atoms(part: str) -> Composition:
    amount, _, formula = part.rpartition(" ")
    return Composition(formula) * float(amount or 1)


def test_interface_gives_every_pair_in_order(table):
    found = interface(["Na2S", "NaBr"], ["Na", "CuCl"], table)
    assert found[["electrolyte", "electrode"]].to_numpy().tolist() == [
        ["Na2S", "Na"],
        ["Na2S", "CuCl"],
        ["NaBr", "Na"],
        ["NaBr", "CuCl"],
    ]
    assert found["error"].isna().tolist() == [True, True, False, False]
    assert found["reaction"].tolist()[:2] == ["none", "Na2S + 2 CuCl → 2 NaCl + CuS + Cu"]


def test_interface_names_solids_without_an_energy(table):
    found = interface("Na3S2Cl", "CuCl", table)
    assert found["not_in_table"].tolist() == ["Na3S2Cl"]
    assert found["reaction_energy_eV_atom"].tolist() == found["mutual_energy_eV_atom"].tolist()


def test_interface_at_a_voltage_takes_alkali_from_the_reservoir(table):
    found = interface("CuS", "Na", table, voltage=1.0)
    assert found["reaction"].tolist() == ["CuS + 2 Na → Na2S + Cu"]
    # (e(Na2S) + 2 V - e(CuS)) over the two atoms that are not sodium
    assert found["reaction_energy_eV_atom"].iloc[0] == pytest.approx((-3.78 + 0.55 + 2.0) / 2)


def test_every_ratio_is_a_row(table):
    found = interface("Na2S", "CuCl", table, every_ratio=True)
    assert found["electrolyte_fraction"].to_numpy()[[0, -1]].tolist() == [0.0, 1.0]
    assert found["electrolyte_fraction"].is_monotonic_increasing


def test_coatings_say_what_the_bare_pair_gains(table):
    found = coatings("Na2S", "CuCl", table)
    assert found["coating"].tolist() == ["NaCl"]
    worst = interface("Na2S", "CuCl", table)["mutual_energy_eV_atom"].min()
    assert found.attrs["reaction_energy_eV_atom"] == pytest.approx(worst)
    with pytest.raises(ValueError, match="contains Br"):
        coatings("NaBr", "CuCl", table)


def test_profile_of_an_unusable_composition_is_refused(table):
    with pytest.raises(ValueError, match="contains Br"):
        voltage_profile("NaBr", table)
    with pytest.raises(ValueError, match="metal itself"):
        voltage_profile("Na", table)
    with pytest.raises(ValueError, match="a profile is of one"):
        voltage_profile(["NaCl", "Na2S"], table)


def test_plots_show_the_numbers_of_their_tables(table, tmp_path):
    profile = voltage_profile("NaCl", table)
    figure = energy_voltage_plot(profile)
    axes = figure.axes[0]
    np.testing.assert_allclose(np.asarray(axes.lines[0].get_xdata()), [0.0, 4.262, 5.0])
    assert axes.get_xlabel() == "Voltage (V vs Na⁺/Na)"
    assert axes.get_legend_handles_labels()[1] == ["window 0.00 to 4.26 V"]
    ratios = interface("Na2S", "CuCl", table, every_ratio=True)
    second = reaction_energy_plot(ratios)
    np.testing.assert_allclose(np.asarray(second.axes[0].lines[0].get_ydata()), ratios["reaction_energy_eV_atom"])
    for number, drawn in enumerate((figure, second)):
        drawn.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 10_000


def test_plot_of_a_phase_above_the_hull_says_so(table):
    title = energy_voltage_plot(voltage_profile("Na3SCl", table)).axes[0].get_title()
    assert "0.108 eV/atom above the hull" in title


@needs_energies
def test_findings_hold_through_the_public_verb():
    found = window(["Na3PS4", "Na3SbS4", "Na2ZrCl6", "Na3PO4"])
    assert found["oxidation_limit_V"].iloc[0] == pytest.approx(2.13, abs=0.005)
    assert found["energy_above_hull_eV_atom"].iloc[1] == pytest.approx(0.007, abs=0.0005)
    assert "not in the energy table" in found["error"].iloc[2]
    assert found["reduction_products"].iloc[3] == "none: stable against Na metal"


@needs_energies
def test_default_electrodes_are_all_in_the_table():
    found = interface("Na3Zr2Si2PO12")
    assert found["electrode"].tolist() == list(ELECTRODES)
    assert found["not_in_table"].isna().all()
    assert found["error"].isna().all()


@pytest.fixture
def command(table, tmp_path):
    """Runs `window` on the toy table as a shell would; gives status, standard output and standard error."""
    import typer
    from typer.testing import CliRunner

    from ionscout.serve.window_command import window_command

    path = tmp_path / "energies.csv"
    table.to_csv(path, index=False)
    app = typer.Typer()
    app.command()(window_command)
    return lambda *arguments: CliRunner().invoke(app, [*arguments, "--energies", str(path)])


def test_command_prints_limits_products_and_a_plot(command, tmp_path):
    found = command("Na2S", "--against", "CuCl", "--plot", str(tmp_path / "plot.png"))
    assert found.exit_code == 0
    assert "1.89" in found.stdout
    assert "0.00 to  1.89 V  stable" in found.stdout
    assert "•••" in found.stdout
    assert "against CuCl: Na2S + 2 CuCl → 2 NaCl + CuS + Cu" in found.stdout
    assert "coatings stable against both: NaCl" in found.stdout
    assert (tmp_path / "plot.png").exists()


def test_command_tells_what_was_measured_at_the_interface(command):
    # Of NaCl itself nothing is in the curated table; the chloride with measurements lies nearest.
    told = command("NaCl", "--against", "CuS").stdout.split("measured at interfaces of the electrolytes most like NaCl")
    assert "against Na: decomposition products Zr; Y; NaCl [10.1021/acsami.2c12759]" in told[1]


def test_command_counts_bad_rows_and_goes_on(command, tmp_path):
    pd.DataFrame({"formula": ["NaCl", "Na(Cl"], "batch": [7, 8]}).to_csv(tmp_path / "in.csv", index=False)
    found = command("--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv"))
    assert found.exit_code == 0
    assert "2 rows" in found.stderr
    assert "1 with errors" in found.stderr
    assert pd.read_csv(tmp_path / "out.csv")["oxidation_limit_V"].notna().tolist() == [True, False]


def test_command_refuses_what_it_cannot_use(command):
    assert isinstance(command().exception, ValueError)
    assert isinstance(command("NaCl", "Na2S", "--plot", "x.png").exception, ValueError)
