import numpy as np
import pandas as pd
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.models.chemical_distance import earth_movers_distance, laid_out
from ionscout.serve.screen.next_batch import batch
from ionscout.serve.screen.ranking import rank


@pytest.fixture(scope="module")
def ranked():
    """Sulfides that all look good, chlorides that look fair, and an oxide the model knows little of."""
    sulfides = [f"Na{3 - x:g}P{1 - x:g}W{x:g}S4".replace("P1W0", "P") for x in (0.02, 0.04, 0.06, 0.08, 0.1, 0.12)]
    chlorides = ["Na2ZrCl6", "NaTaCl6", "Na3YCl6"]
    oxides = ["Na3Zr2Si2PO12", "NaAl11O17"]
    formulas = [*sulfides, *chlorides, *oxides]
    value = np.array([4.0] * 6 + [3.7] * 3 + [3.5] * 2)
    half = np.array([0.3] * 9 + [1.2] * 2)
    table = pd.DataFrame(
        {
            "formula": formulas,
            "oxidation_limit_V": value,
            "oxidation_limit_V_lower": value - half,
            "oxidation_limit_V_upper": value + half,
        }
    )
    return rank(table, "oxidation limit >= 3.6")


def spread(formulas):
    there = laid_out(CompositionBatch.from_formulas(formulas).fractions)
    distance = earth_movers_distance(there, there)
    return distance[np.triu_indices(len(formulas), 1)].min()


def test_without_exploring_or_diversity_the_batch_is_the_top(ranked):
    chosen = batch(ranked, size=4, explore=0.0, diversity=0.0)
    assert chosen["formula"].tolist() == ranked["formula"].tolist()[:4]


def test_diversity_spreads_the_batch(ranked):
    alike = batch(ranked, size=4, explore=0.0, diversity=0.0)
    apart = batch(ranked, size=4, explore=0.0, diversity=0.7)
    assert spread(apart["formula"]) > 5 * spread(alike["formula"])
    assert apart["formula"][0] == ranked["formula"][0]
    families = {("S" if "S4" in f else "Cl" if "Cl" in f else "O") for f in apart["formula"]}
    assert families == {"S", "Cl", "O"}


def test_exploring_takes_what_the_models_know_least(ranked):
    assert set(batch(ranked, size=2, explore=1.0, diversity=0.0)["formula"]) == {"Na3Zr2Si2PO12", "NaAl11O17"}


def test_what_is_made_is_not_made_again_and_kept_away_from(ranked):
    best = ranked["formula"][0]
    chosen = batch(ranked, size=3, explore=0.0, diversity=0.9, made=[best, "Na3PS4"])
    assert best not in set(chosen["formula"])
    # The best that is left comes first; what follows keeps away from sulfides.
    assert not chosen["formula"][1:].str.contains("S4").any()


def test_order_of_the_input_does_not_matter(ranked):
    shuffled = ranked.sample(frac=1.0, random_state=3)
    first = batch(ranked, size=5)["formula"]
    again = batch(shuffled.sort_values("rank"), size=5)["formula"]
    assert first.tolist() == again.tolist()


def test_rows_that_cannot_be_chosen_are_left_aside(ranked):
    table = ranked.copy()
    table.loc[0, "probability"] = 0.0
    table["rank"] = table["rank"].where(table.index != 1)
    chosen = batch(table, size=100)
    assert len(chosen) == len(table) - 2
    assert chosen["batch_order"].tolist() == list(range(1, len(chosen) + 1))
    assert len(batch(table[:0], size=3)) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"size": 0}, "at least one"), ({"explore": 1.5}, "explore=1.5"), ({"made": ["Na(Cl"]}, "row 0")],
)
def test_unusable_wishes_are_named(ranked, options, message):
    with pytest.raises(ValueError, match=message):
        batch(ranked, **options)


def test_an_unranked_table_is_refused(ranked):
    with pytest.raises(KeyError, match="rank it first"):
        batch(ranked[["formula"]])
