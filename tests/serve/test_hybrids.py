import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition
from typer.testing import CliRunner

import ionscout as ion
from ionscout.featurize.composition import CompositionBatch
from ionscout.serve.cli import app
from ionscout.serve.screen.hybrids import COLUMNS

SPACE = {
    "polymer": ["PEO", "PAN"],
    "salt": ["NaTFSI", "NaClO4"],
    "salt_loading": [8, 20],
    "filler": [None, "Na3Zr2Si2PO12"],
    "filler_wt_pct": [10, 40],
    "plasticizer": [None, "SN 30 wt%"],
    "temperature_C": [25, 60],
}


def test_a_space_knows_its_size_and_has_each_mixture_once():
    space = ion.hybrids(**SPACE)
    table = space.to_dataframe()
    assert len(space) == len(table) == 2 * 2 * 2 * (1 + 2) * 2 * 2
    assert list(table.columns) == list(COLUMNS)
    assert table["candidate_id"].is_unique


@pytest.mark.parametrize("rows", [1, 7, 96, 10_000])
def test_chunks_are_the_table_whatever_their_size(rows):
    space = ion.hybrids(**SPACE)
    parts = list(space.chunks(rows))
    assert max(map(len, parts)) <= rows
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), space.to_dataframe())


def test_an_id_names_the_mixture_and_not_the_space():
    wide = ion.hybrids(**SPACE).to_dataframe()
    narrow = ion.hybrids(**{**SPACE, "polymer": "PAN", "salt_loading": 20}).to_dataframe()
    both = narrow.merge(wide, on="candidate_id", suffixes=("", "_wide"))
    assert len(both) == len(narrow)
    assert (both["polymer"] == both["polymer_wide"]).all()


def test_a_space_of_a_hundred_million_is_described_at_once():
    space = ion.hybrids(
        polymer=["PEO", "PPO", "PTMC", "PCL"],
        salt=["NaTFSI", "NaFSI"],
        salt_loading=np.arange(4, 104),
        filler=["SiO2", "Na3PS4"],
        filler_wt_pct=np.linspace(0.1, 90, 900),
        temperature_C=np.linspace(0, 100, 101),
    )
    assert len(space) == 4 * 2 * 100 * 2 * 900 * 101
    assert len(next(space.chunks(100))) == 100


def test_what_cannot_be_mixed_is_refused_with_its_reason():
    space = ion.hybrids(polymer=["PEO", "PVDF"], salt=["NaTFSI", "none"])
    assert len(space) == 1
    assert space.refused["reason"].str.contains("no group that coordinates").sum() == 1
    assert space.refused["reason"].str.contains("no sodium").sum() == 2


def test_a_polymer_without_salt_needs_a_filler_that_brings_sodium():
    space = ion.hybrids(polymer="PEO", salt="none", filler=["Na3PS4", "Na3SbS4"], filler_wt_pct=80)
    assert len(space) == 2
    with pytest.raises(ValueError, match="no sodium"):
        ion.hybrids(polymer="PEO", salt="none", filler=["Na3PS4", "SiO2"], filler_wt_pct=80)


def test_no_row_of_a_space_is_in_error():
    from ionscout.featurize.mixture import MixtureBatch

    space = ion.hybrids(**{**SPACE, "polymer": ["PEO", "PVDF", "Nafion-Na"], "salt": ["NaTFSI", "none"]})
    assert pd.isna(MixtureBatch.read(space.to_dataframe()).errors).all()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"polymer": "Peox"}, "polymer 'Peox' is not known"),
        ({"salt": "LiTFSI"}, "salt 'LiTFSI' is not known"),
        ({"filler": "Na3P(S4"}, "neither a formula"),
        ({"plasticizer": "broth"}, "plasticizer 'broth' is not known"),
        ({"temperature_C": 400}, "give Celsius"),
        ({"salt_loading": -1}, "must be positive"),
        ({"filler_wt_pct": []}, "one number, or several"),
        ({"salt_loading_unit": "M"}, "counts salt in the plasticizer"),
        ({"salt_loading_unit": "grams"}, "is not known"),
        ({"polymer": "PVDF", "plasticizer": None}, "no hybrid is left"),
        ({"polymer": None}, "give names"),
    ],
)
def test_an_impossible_space_says_so_before_it_runs(facts, message):
    with pytest.raises(ValueError, match=message):
        ion.hybrids(**{**SPACE, **facts})


def test_mixtures_are_sums_of_their_compounds():
    space = ion.mixtures(["Na2S-ZrCl4", "TaCl5-Na2CO3"], steps=10)
    table = space.to_dataframe()
    assert len(space) == len(table) == 18
    for row in table.to_dict("records"):
        parts = zip(row["mixture"].split("-"), map(int, row["ratio"].split(":")), strict=True)
        expected = sum((Composition(c) * n for c, n in parts), Composition({}))
        assert Composition(row["formula"]).almost_equals(expected)


def test_mixtures_go_the_composition_road():
    tables, batches = zip(*ion.mixtures("NaCl-ZrCl4-Na2S", steps=8).chunks(5), strict=True)
    assert sum(map(len, tables)) == 21  # 7 choose 2
    again = CompositionBatch.from_formulas(pd.concat(tables)["formula"])
    together = CompositionBatch.concat(list(batches))
    np.testing.assert_allclose(together.fractions.todense(), again.fractions.todense(), atol=1e-6)


def test_mixtures_refuse_what_they_cannot_be():
    space = ion.mixtures(["Na2S-ZrCl4", "LiCl-AlCl3"], steps=4)
    assert space.refused["mixture"].tolist() == ["LiCl-AlCl3"]
    for wrong, message in (("Na2S", "two or more"), ("Na2S-Zr(Cl4", "Zr\\(Cl4"), ("Na2S-Na2S", "different")):
        with pytest.raises(ValueError, match=message):
            ion.mixtures(wrong)
    with pytest.raises(ValueError, match="steps=1 "):
        ion.mixtures("Na2S-ZrCl4", steps=1)


def test_the_curated_table_is_predicted_row_by_row(champion_home):
    from ionscout.training.data.sources import load_curated

    table = load_curated("hybrid_electrolytes")
    answer = ion.predict_hybrids(table, temperature_C=25.0)
    assert answer.index.tolist() == table.index.tolist()
    assert answer.index[answer["error"].notna()].tolist() == [21]
    pd.testing.assert_series_equal(answer["given_conductivity_S_cm"], table["conductivity_S_cm"], check_names=False)
    good = answer[answer["error"].isna()]
    assert (good["log10_conductivity_lower"] < good["log10_conductivity"]).all()
    np.testing.assert_allclose(np.log10(good["conductivity_S_cm"]), good["log10_conductivity"])


def test_a_missing_temperature_is_an_error_and_not_25(champion_home):
    answer = ion.predict_hybrids({"polymer": ["PEO", "PEO"], "salt": "NaTFSI", "temperature_C": [60.0, None]})
    assert answer["error"].isna().tolist() == [True, False]
    with pytest.raises(ValueError, match="row 1: temperature_C is missing"):
        ion.predict_hybrids({"polymer": ["PEO", "PEO"], "salt": "NaTFSI", "temperature_C": [60.0, None]}, strict=True)


def test_the_registered_pyfunc_gives_the_numbers_of_predict_hybrids(champion_home):
    import mlflow

    from ionscout.training.registry import connect

    connect()
    table = ion.hybrids(**SPACE).to_dataframe().drop(columns="candidate_id").head(8)
    served = mlflow.pyfunc.load_model("models:/hybrid_conductivity@champion").predict(table)
    np.testing.assert_allclose(served["log10_conductivity"], ion.predict_hybrids(table)["log10_conductivity"])


def test_the_command_prints_writes_and_refuses(champion_home, tmp_path):
    runner = CliRunner()
    shown = runner.invoke(app, ["hybrids", "--polymer", "PEO,PAN", "--salt", "NaTFSI", "-t", "25,60", "--top", "2"])
    assert shown.exit_code == 0
    assert "best 2 of 4" in shown.stdout
    path = tmp_path / "hybrids.csv"
    path.write_text("polymer,salt,temperature_C\nPEO,NaTFSI,60\nPeox,NaTFSI,60\n")
    out = tmp_path / "out.parquet"
    assert runner.invoke(app, ["hybrids", "-i", str(path), "-o", str(out)]).exit_code == 0
    assert pd.read_parquet(out)["error"].isna().tolist() == [True, False]
    wrong = runner.invoke(app, ["hybrids", "--polymer", "PEO"])
    assert isinstance(wrong.exception, ValueError)
