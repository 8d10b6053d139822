"""The command line as a person meets it: real processes, their output, their exit status."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ionscout as ion


def run(*arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess:
    """`ionscout ARGUMENTS` in a process of its own."""
    environment = {**os.environ, "NO_COLOR": "1"} | ({"IONSCOUT_HOME": str(home)} if home else {})
    command = [str(Path(sys.executable).with_name("ionscout")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_formulas_print_a_table(champion_home):
    done = run("predict", "Na3Zr2Si2PO12", "Na3P(S4", home=champion_home)
    assert done.returncode == 0
    assert "Na3Zr2Si2PO12" in done.stdout
    assert "unclosed bracket" in done.stdout
    assert "2 rows, 1 with errors" in done.stderr


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_file_goes_in_and_comes_out_whole(champion_home, tmp_path, ending):
    table = pd.DataFrame({"sample": ["007", "008", "009"], "formula": ["NaCl", "Na3P(S4", "Na3PS4"]})
    source, target = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    table.to_csv(source, index=False) if ending == ".csv" else table.to_parquet(source)
    done = run("predict", "--input", source, "--output", target, "--temperature", "60", home=champion_home)
    assert done.returncode == 0, done.stderr
    assert "1 with errors" in done.stderr
    answer = pd.read_csv(target, dtype={"sample": str}) if ending == ".csv" else pd.read_parquet(target)
    assert answer["sample"].tolist() == ["007", "008", "009"]
    expected = ion.predict(table["formula"], temperature_C=60)
    np.testing.assert_allclose(answer["log10_conductivity"], expected["log10_conductivity"], rtol=1e-5)
    assert answer["error"].notna().tolist() == [False, True, False]


def test_from_a_host_to_a_ranking(champion_home, tmp_path):
    paths = [tmp_path / name for name in ("candidates.csv", "refused.csv", "predictions.csv", "ranking.csv", "r.png")]
    candidates, refused, predictions, ranking, plot = paths
    first = run("dopants", "Na3Zr2Si2PO12", "--site", "Zr", "--x", "0.1", "-o", candidates, "--refused", refused)
    assert first.returncode == 0, first.stderr
    assert run("predict", "-i", candidates, "-o", predictions, home=champion_home).returncode == 0
    last = run("rank", "-i", predictions, "-o", ranking, "--plot", plot, "--spec", "conductivity >= 1e-3, no Co")
    assert last.returncode == 0, last.stderr
    table = pd.read_csv(ranking)
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table["probability"].is_monotonic_decreasing
    assert table[table["dopant"] == "Co"]["probability"].eq(0).all()
    assert "reason" in pd.read_csv(refused)
    assert "held back by" in last.stdout
    assert {"why", "pareto"} <= set(table)
    chosen = run("batch", "-i", ranking, "--size", "3", "-o", tmp_path / "next.csv")
    assert chosen.returncode == 0, chosen.stderr
    assert len(pd.read_csv(tmp_path / "next.csv")) == 3
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_energies_of_ones_own_make_values_exact(champion_home, tmp_path):
    energies = tmp_path / "energies.csv"
    energies.write_text("formula,formation_energy_eV_atom\nNaCl,-2.0\n")
    done = run("predict", "NaCl", "Na2.9P0.9W0.1S4", "--energies", energies, home=champion_home)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    salt, doped = (next(line for line in lines if formula in line) for formula in ("NaCl", "Na2.9P0.9W0.1S4"))
    assert "4.00 exact" in salt
    assert "exact" not in doped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict"], "give formulas or --input FILE"),
        (["predict", "NaCl", "--input", "x.csv"], "not both"),
        (["predict", "--input", "nowhere.csv"], "nowhere.csv: no such file"),
        (["predict", "NaCl", "--energies", "nowhere.csv"], "nowhere.csv"),
        (["predict", "NaCl", "--energies", "pyproject.toml"], "pyproject.toml"),
        (["predict", "NaCl", "--interval", "2"], "strictly between 0 and 1"),
        (["dopants", "Na3P(S4", "--site", "P"], "unclosed bracket"),
        (["dopants", "Na3PS4", "--site", "P", "--x", "much"], "--x 'much'"),
        (["dopants", "Na3PS4", "--site", "P", "--dopants", "Ba"], "no candidate is left"),
        (["rank", "--input", "nowhere.csv"], "no such file"),
        (["data", "validate", "nowhere.csv"], "nowhere.csv"),
        (["data", "summary", "--by", "colour"], "no table has this column"),
    ],
)
def test_unusable_arguments_end_with_one_line_and_status_2(champion_home, arguments, message):
    done = run(*arguments, home=champion_home)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_unknown_commands_end_with_status_2():
    assert run("prdict").returncode == 2


def test_models_are_listed(champion_home):
    done = run("models", home=champion_home)
    assert done.returncode == 0
    assert "conductivity" in done.stdout


def test_without_models_the_way_out_is_named(tmp_path):
    done = run("predict", "NaCl", home=tmp_path)
    assert done.returncode == 2
    assert "run `ionscout train`" in done.stderr


def test_data_are_summed_up_and_checked(tmp_path):
    assert "782" in run("data", "summary").stdout
    bad = tmp_path / "mine.csv"
    bad.write_text("formula,temperature_C,conductivity_S_cm\nNa3PS4,25,2e-4\nNa3P(S4,25,1e-4\nNa3PS4,25,-1\n")
    done = run("data", "validate", bad, "--output", tmp_path / "good.csv")
    assert done.returncode == 0
    assert "bracket" in done.stdout
    assert len(pd.read_csv(tmp_path / "good.csv")) == 1


def test_a_second_dopant_balances_on_the_command_line(tmp_path):
    pair = tmp_path / "pair.csv"
    done = run(
        *("dopants", "Na3Zr2Si2PO12", "--site", "Zr", "--dopants", "Mg,Nb", "--x", "0.3"),
        *("--compensate", "co_dopant", "-o", pair),
    )
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(pair)["formula"].tolist() == ["Na3Mg0.1Zr1.7Nb0.2Si2PO12"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--compensate", "anion_exchange"), "belong together"),
        (("--compensate", "anion_exchange", "--anions", "O"), "give two with a comma"),
        (("--mix", "2", "--shares", "some"), "give numbers"),
        (("--dopants", "Xx"), "not an element"),
        (("--dopants", "Ba"), "no candidate is left"),
    ],
)
def test_unusable_doping_ends_with_one_clear_line(arguments, message):
    done = run("dopants", "Na3Zr2Si2PO12", "--site", "Zr", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
