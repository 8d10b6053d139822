"""What the honest trial hides, whom it calls a member, and how it judges a ranking."""

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ionscout.training.data.sources import load_curated
from ionscout.training.train import measured_rows

from .benchmark_scripts import benchmark_script


@pytest.fixture(scope="module")
def trial() -> ModuleType:
    return benchmark_script("honest_trial")


@pytest.mark.parametrize("dopant", ["Sc", "Mg", "Zn"])
def test_every_NASICON_that_holds_the_dopant_is_hidden(trial: ModuleType, dopant: str) -> None:
    rows = measured_rows()
    hidden = trial.hidden(rows["formula"], trial.NASICON, "Zr", (dopant,))
    # The curated table names the family by hand; the symbol is searched for in the text.
    by_hand = load_curated("sodium_electrolytes")["family"].reindex(rows["row"]).eq("nasicon").to_numpy()
    named = rows["formula"].str.contains(f"{dopant}(?![a-z])").to_numpy()
    assert hidden[by_hand & named].all()
    assert not hidden[~named].any()
    assert by_hand[hidden].mean() > 0.9


def test_nothing_is_left_of_the_dopant_on_the_site_of_the_host(trial: ModuleType) -> None:
    rows = measured_rows()
    for case in trial.CASES:
        _, _, made = trial.members(rows, case)
        dopants = case.dopants or tuple(sorted(made))
        left = rows[~trial.hidden(rows["formula"], case.host, case.site, dopants)]
        assert not trial.substituted(left["formula"], case.host, case.site)["dopant"].isin(dopants).any()


def test_members_are_the_host_with_one_element_exchanged_however_they_are_written(trial: ModuleType) -> None:
    formulas = ["Na3.4Zr1.8Zn0.2Si2PO12", "Na3Zr1.8Zn0.2Si2PO11.8", "Na6.8Zr3.6Zn0.4Si4P2O24", "Na3Zr2Si2PO12"]
    others = ["Na3.4Zr1.9Zn0.1Si2.2P0.8O12", "Na3.33Zr1.67Sc0.29Yb0.04Si2PO12", "Na3.7Zr2Si2PO12F0.7", "Na3PS4"]
    found = trial.substituted(pd.Series(formulas + others), trial.NASICON, "Zr")
    assert found["dopant"].tolist() == ["Zn", "Zn", "Zn", "", "", "", "", ""]
    assert found["x"][:3].round(6).tolist() == [0.2, 0.2, 0.2]
    assert found["is_host"].tolist() == [False] * 3 + [True] + [False] * 4
    halides = pd.Series(["Na2.9375PS3.9375Cl0.0625", "Na10GeP2S12"])
    assert trial.substituted(halides, "Na3PS4", "S")["dopant"].tolist() == ["Cl", ""]
    assert trial.substituted(halides, "Na3PS4", "P")["dopant"].tolist() == ["", "Ge"]


def test_height_above_the_others_is_the_area_under_the_curve(trial: ModuleType) -> None:
    generator = np.random.default_rng(1)
    winners, others = generator.integers(0, 9, 7) + 1.0, generator.integers(0, 9, 40) + 0.0
    labels = np.repeat([1, 0], [7, 40])
    expected = roc_auc_score(labels, np.concatenate([winners, others]))
    assert trial.above(winners, others).mean() == pytest.approx(expected)


def test_chance_has_mean_one_half_and_holds_members_of_an_element_together(trial: ModuleType) -> None:
    generator = np.random.default_rng(2)
    elements = [f"e{i}" for i in range(30)]
    others = pd.DataFrame({"dopant": np.repeat(elements, 3), "x": np.tile([0.1, 0.2, 0.3], 30)})
    others["score"] = np.repeat(generator.normal(size=30), 3)  # the element alone decides
    alone = pd.DataFrame({"dopant": ["Sc"], "x": [0.2]})
    alike = pd.DataFrame({"dopant": ["Sc"] * 4, "x": [0.1, 0.2, 0.3, 0.3]})
    one, four = trial.chance(alone, others, "score"), trial.chance(alike, others, "score")
    assert one.mean() == pytest.approx(0.5, abs=0.02)
    # Four members of one element know no more than one does.
    assert four.std() == pytest.approx(one.std(), rel=0.05)


def test_a_ranking_that_puts_winners_first_is_judged_so(trial: ModuleType) -> None:
    others = pd.DataFrame({"dopant": [f"e{i}" for i in range(40)], "x": 0.1, "score": np.arange(40.0)})
    known = pd.DataFrame({"dopant": ["Sc", "Mg", "Al"], "x": 0.1, "score": [50.0, 60.0, -1.0]})
    known = known.assign(measured=[-2.4, -2.9, -5.0], won=[True, True, False])
    fact = trial.judge(pd.concat([others, known], ignore_index=True), "score")
    assert (fact["AUC"], fact["in top"], fact["won over lost"]) == (1.0, 2, 1.0)
    assert fact["p"] < 0.01
    assert fact["p top"] == pytest.approx(4 * 3 / (42 * 41))  # both of 42 rows among the four best


def test_intervals_that_held_are_counted(trial: ModuleType) -> None:
    known = pd.DataFrame({"measured": [-3.0, -5.0], "log10_conductivity": [-3.5, -3.0]})
    known = known.assign(log10_conductivity_lower=[-4.5, -4.0], log10_conductivity_upper=[-2.5, -2.0])
    told = trial.errors_of(known)
    assert "held 1 of 2" in told
    assert "mean absolute error 1.25 decades, mean error +0.75" in told
