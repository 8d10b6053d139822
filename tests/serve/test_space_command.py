from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import ionscout as ion
from ionscout.serve.cli import app


def asked(folder: Path, text: str, *options: str) -> Result:
    (folder / "space.toml").write_text(text)
    return CliRunner().invoke(app, ["space", str(folder / "space.toml"), *options])


DOPED = 'kind = "dopants"\nhost = "Na3PS4"\nsite = "P"\ndopants = ["Si", "Ge", "He"]\nx = [0.1, 0.2]'


def test_size_first_candidates_and_refusals_are_shown(tmp_path):
    answer = asked(tmp_path, DOPED, "--rows", "2")
    assert answer.exit_code == 0
    assert "4 candidates from Na3PS4" in answer.stderr
    assert "1 refused: forms no framework cation (He)" in answer.stderr
    first = ion.read_space(tmp_path / "space.toml").to_dataframe()["formula"]
    assert first[0] in answer.stdout
    assert first[2] not in answer.stdout


def test_what_is_shown_may_be_drawn_and_kept(tmp_path):
    answer = asked(tmp_path, DOPED, "--rows", "3", "--sample", "--output", str(tmp_path / "some.csv"))
    assert answer.exit_code == 0
    drawn = pd.read_csv(tmp_path / "some.csv")
    pd.testing.assert_series_equal(
        drawn["formula"], ion.read_space(tmp_path / "space.toml").sample(3)["formula"], check_dtype=False
    )


def test_a_space_too_large_to_screen_is_shown_and_said_to_be(tmp_path):
    answer = asked(tmp_path, 'kind = "compositions"\nelements = "Na-Li-Mg-Al-Si-O-F-Zr"\nup_to = 60', "--rows", "1")
    assert answer.exit_code == 0
    assert "too large to screen" in answer.stderr
    assert "smaller up_to" in answer.stderr


def test_an_empty_space_says_why(tmp_path):
    answer = asked(tmp_path, DOPED.replace('"Si", "Ge", "He"', '"He"'))
    assert isinstance(answer.exception, ValueError)
    assert "no candidate is left: He forms no framework cation" in str(answer.exception)


@pytest.mark.parametrize("option", [("--output", "x.txt"), ("--report", "x.pdf")])
def test_a_screen_finds_unusable_names_before_it_runs(tmp_path, monkeypatch, option):
    (tmp_path / "space.toml").write_text(DOPED)
    # There is no model in this home: a screen that had begun would say so.
    monkeypatch.setenv("IONSCOUT_HOME", str(tmp_path / "home"))
    answer = CliRunner().invoke(app, ["screen", str(tmp_path / "space.toml"), *option])
    assert isinstance(answer.exception, ValueError)
    assert option[1] in str(answer.exception)
