import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from ionscout.serve.screen.ranking import rank


def predictions(values, half=0.5, column="oxidation_limit_V"):
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {
            "formula": [f"Na{i + 1}Cl" for i in range(len(values))],
            column: values,
            f"{column}_lower": values - half,
            f"{column}_upper": values + half,
        }
    )


def test_probability_is_that_of_the_normal_with_the_given_interval():
    ranked = rank(predictions([3.0, 3.5, 4.0]), "oxidation_limit_V >= 3.4")
    sigma = 0.5 / norm.ppf(0.95)
    np.testing.assert_allclose(ranked["probability"], norm.sf(3.4, [4.0, 3.5, 3.0], sigma), rtol=1e-12)
    assert ranked["rank"].tolist() == [1, 2, 3]


def test_each_side_of_a_skewed_interval_counts_for_itself():
    table = predictions([3.0]).assign(oxidation_limit_V_upper=5.0)
    above = rank(table, "oxidation_limit_V >= 4")["probability"][0]
    below = rank(table, "oxidation_limit_V >= 2.75")["probability"][0]
    assert above == pytest.approx(norm.sf(1.0, scale=2.0 / norm.ppf(0.95)))
    assert below == pytest.approx(norm.sf(-0.25, scale=0.5 / norm.ppf(0.95)))


def test_conductivity_is_judged_in_decades():
    table = predictions([1e-3], column="conductivity_S_cm").assign(
        conductivity_S_cm_lower=1e-4, conductivity_S_cm_upper=1e-2
    )
    assert rank(table, "conductivity >= 1e-3")["probability"][0] == pytest.approx(0.5)


def test_conditions_multiply_and_the_weakest_is_named():
    table = pd.concat(
        [predictions([4.0]), predictions([0.6], column="reduction_limit_V").drop(columns="formula")], axis=1
    )
    ranked = rank(table, "oxidation_limit_V >= 4, reduction_limit_V <= 0.3").iloc[0]
    assert ranked["probability"] == pytest.approx(ranked["p_oxidation_limit_V"] * ranked["p_reduction_limit_V"])
    assert ranked["limited_by"] == "reduction_limit_V <= 0.3"


def test_excluded_elements_end_at_zero_with_the_reason():
    table = predictions([4.0, 4.0]).assign(formula=["NaCoO2", "NaCl"])
    ranked = rank(table, "oxidation_limit_V >= 3, no Co")
    assert ranked["formula"].tolist() == ["NaCl", "NaCoO2"]
    assert ranked["probability"][1] == 0.0
    assert ranked["limited_by"][1] == "contains Co"


def test_rows_in_error_come_last_without_a_rank():
    ranked = rank(predictions([np.nan, 3.0]), "oxidation_limit_V >= 3")
    assert ranked["formula"].tolist() == ["Na2Cl", "Na1Cl"]
    assert ranked["rank"].isna().tolist() == [False, True]


def test_order_of_the_input_does_not_matter():
    table = predictions([3.0, 3.0, 3.2, 2.9, 3.0])
    shuffled = table.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(rank(table, "oxidation_limit_V >= 3"), rank(shuffled, "oxidation_limit_V >= 3"))


def test_a_ranked_table_may_be_ranked_again_by_another_spec():
    table = predictions([3.0, 3.5, 4.0]).assign(cost_USD_kg=[1.0, 2.0, 3.0])
    again = rank(rank(table, "oxidation limit >= 3.6, cost <= 2.5"), "oxidation limit >= 3.6")
    pd.testing.assert_frame_equal(again, rank(table, "oxidation limit >= 3.6"), check_like=True)


def test_a_missing_column_is_named():
    with pytest.raises(KeyError, match="energy_above_hull_eV_atom"):
        rank(predictions([3.0]), "energy_above_hull_eV_atom <= 0.03")


def test_facts_of_the_elements_are_met_or_not():
    table = predictions([4.0, 4.0, 4.0]).assign(formula=["Na3ScCl6", "NaAlCl4", "Na2CdCl4"])
    ranked = rank(table, "oxidation limit >= 3, cost <= 50, no hazardous").set_index("formula")
    assert ranked["p_cost_USD_kg"].to_dict() == {"NaAlCl4": 1.0, "Na3ScCl6": 0.0, "Na2CdCl4": 1.0}
    assert ranked["limited_by"]["Na3ScCl6"] == "cost_USD_kg <= 50"
    assert ranked["limited_by"]["Na2CdCl4"] == "contains Cd"
    assert ranked.index[0] == "NaAlCl4"


def test_each_row_says_why_it_stands_where_it_stands():
    table = pd.concat(
        [predictions([4.0, 3.4]), predictions([0.2, 0.1], column="reduction_limit_V").drop(columns="formula")], axis=1
    )
    why = rank(table, "oxidation limit >= 3.8, reduction limit <= 0.3")["why"]
    assert why[0] == "held back by reduction_limit_V <= 0.3 (p = 0.63, predicted 0.2)"
    assert why[1] == (
        "held back by oxidation_limit_V >= 3.8 (p = 0.094, predicted 3.4); "
        "below rank 1 by that term (p = 0.094 against 0.74)"
    )


def test_a_row_level_with_the_one_above_says_so():
    assert rank(predictions([4.0, 4.0]), "oxidation limit >= 3.8")["why"][1].endswith("level with rank 1")


def test_excluded_and_failed_rows_say_so():
    table = predictions([4.0, np.nan]).assign(formula=["NaCoO2", "NaCl"])
    why = rank(table, "oxidation limit >= 3, no Co")["why"]
    assert why.tolist() == ["excluded: contains Co", "not ranked: a property could not be predicted"]


def test_a_spec_for_another_temperature_is_refused():
    table = predictions([1e-3], column="conductivity_S_cm").assign(
        conductivity_S_cm_lower=1e-4, conductivity_S_cm_upper=1e-2, temperature_C=60.0
    )
    with pytest.raises(ValueError, match="predictions at 60 C; predict at 25 C"):
        rank(table, "conductivity at 25 C >= 1e-3")
    assert len(rank(table, "conductivity at 60 C >= 1e-3")) == 1


def test_two_bounds_on_one_property_both_count():
    ranked = rank(predictions([3.5]), "oxidation limit >= 3, oxidation limit <= 4")
    wanted = ranked["p_oxidation_limit_V"][0] * ranked["p_oxidation_limit_V#2"][0]
    assert ranked["probability"][0] == pytest.approx(wanted)


def test_the_front_is_what_nothing_beats():
    table = pd.concat(
        [
            predictions([4.0, 3.0, 3.5, 3.0]),
            predictions([0.9, 0.1, 0.5, 0.6], column="reduction_limit_V").drop(columns="formula"),
        ],
        axis=1,
    ).assign(formula=["NaCl", "NaBr", "NaCoCl3", "NaI"])
    ranked = rank(table, "oxidation limit >= 3, reduction limit <= 1, no Co").set_index("formula")
    assert ranked["pareto"].to_dict() == {"NaCl": True, "NaBr": True, "NaCoCl3": False, "NaI": False}


@pytest.mark.parametrize("spec", ["oxidation limit >= 3.5", "oxidation limit <= 3.5"])
def test_a_value_known_exactly_meets_a_bound_that_it_equals(spec):
    assert rank(predictions([3.5], half=0.0), spec)["probability"].tolist() == [1.0]
