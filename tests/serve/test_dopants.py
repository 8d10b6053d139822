from typing import Any

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

from ionscout.featurize.composition import CompositionBatch
from ionscout.featurize.elements import INDEX
from ionscout.featurize.oxidation import assign_oxidation_states
from ionscout.serve.screen.dopants import dopants

NZSP = "Na3Zr2Si2PO12"


def amounts_of(found, row=0):
    return Composition(found.to_dataframe()["formula"][row]).get_el_amt_dict()


def test_charge_is_made_up_by_sodium():
    found = dopants(NZSP, site="Zr", dopants=["Mg"], x=0.1)
    assert amounts_of(found) == pytest.approx({"Na": 3.2, "Zr": 1.9, "Mg": 0.1, "Si": 2, "P": 1, "O": 12})
    assert found.to_dataframe()["compensation"][0] == "+0.2 Na for Mg2+ on Zr4+"


def test_the_substitution_that_defines_nasicon():
    found = dopants("NaZr2(PO4)3", site="P", dopants=["Si"], x=2)
    assert amounts_of(found) == pytest.approx({"Na": 3, "Zr": 2, "Si": 2, "P": 1, "O": 12})


def test_a_higher_charge_takes_sodium_out():
    found = dopants("Na3SbS4", site="Sb", dopants=["W"], x=0.12)
    row = found.to_dataframe()["dopant_state"].tolist().index(6)
    assert amounts_of(found, row) == pytest.approx({"Na": 2.88, "Sb": 0.88, "W": 0.12, "S": 4})


def test_anions_are_replaced_by_anions():
    found = dopants("Na3PS4", site="S", dopants="all", x=0.0625)
    assert set(found.to_dataframe()["dopant"]) == {"N", "O", "Se", "Te", "Cl", "Br", "I"}
    row = found.to_dataframe().set_index("dopant").loc["Cl"]
    made = Composition(row["formula"]).get_el_amt_dict()
    assert made == pytest.approx({"Na": 2.9375, "P": 1, "S": 3.9375, "Cl": 0.0625})


def test_every_candidate_is_neutral():
    table = dopants(NZSP, site=["Zr", "Si"], dopants="all", x=(0.1, 0.3)).to_dataframe()
    charged = table["dopant_state"] != 0
    batch = CompositionBatch.from_formulas(table["formula"])
    states = assign_oxidation_states(CompositionBatch.from_formulas([NZSP])).states[0]
    amounts = np.asarray(batch.amounts.todense())
    charge = np.zeros(len(table))
    for symbol in ("Na", "Zr", "Si", "P", "O"):
        charge += amounts[:, INDEX[symbol]] * states[INDEX[symbol]]
    foreign = ~table["dopant"].isin(["Zr", "Si", "P"])
    charge[foreign] += (table["x"] * table["dopant_state"])[foreign]
    np.testing.assert_allclose(charge[foreign & charged], 0.0, atol=1e-5)
    assert foreign.sum() > 100


def test_known_dopants_are_offered_and_absurd_ones_refused_with_the_reason():
    found = dopants(NZSP, site="Zr", dopants="all", x=0.1)
    offered = set(found.to_dataframe()["dopant"])
    # Dopants of the zirconium site that the curated table holds measurements of.
    assert {"Sc", "Mg", "Zn", "Y", "In", "Yb", "Al", "La", "Ga", "Ge", "Hf", "Ta", "Nb", "Ce", "Sb"} <= offered
    reasons = found.refused.drop_duplicates("dopant").set_index("dopant")["reason"]
    assert "radioactive" in reasons["Tc"]
    assert "by +30 %; limit 16 %" in reasons["Ba"]
    assert "charge 1+" in reasons["K"]
    assert "toxic" in reasons["Be"]
    assert not offered & set(reasons.index)


def test_a_toxic_element_is_taken_when_named():
    assert len(dopants(NZSP, site="Zr", dopants=["Cd"], x=0.1)) == 1


def test_more_than_the_site_holds_is_refused():
    found = dopants("NaZr2(PO4)3", site="Zr", dopants=["Nb"], x=(0.5, 1.5, 3))
    assert found.to_dataframe()["x"].tolist() == [0.5]
    assert "takes 1.5 Na, the host has too little" in found.refused["reason"][0]
    assert "x=3 is more than the 2 Zr" in found.refused["reason"][1]


def test_size_is_known_and_ids_are_stable():
    found = dopants(NZSP, site="Zr", dopants="Sc,Mg", x=(0.1, 0.2, 0.3))
    table = found.to_dataframe()
    assert len(found) == len(table) == 6
    assert table["candidate_id"].is_unique
    again = dopants(NZSP, site="Zr", dopants="Mg", x=0.2).to_dataframe()
    assert again["candidate_id"][0] in set(table["candidate_id"])


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_chunks_are_the_whole(rows):
    found = dopants(NZSP, site="Zr", dopants="all", x=0.1)
    formulas = [f for table, batch in found.chunks(rows) for f in batch.formulas]
    assert formulas == found.to_dataframe()["formula"].tolist()


@pytest.mark.parametrize(
    ("host", "changes", "message"),
    [
        ("Na3P(S4", {}, "unclosed bracket"),
        (NZSP, {"site": "Ge"}, "site 'Ge' is not in host"),
        (NZSP, {"dopants": ["Xq"]}, "dopant 'Xq' is not an element"),
        (NZSP, {"x": -0.1}, "positive numbers"),
        (NZSP, {"x": float("nan")}, "positive numbers"),
        (NZSP, {"compensate": "magic"}, "'magic' is not known"),
        ("ZrO2", {}, "has no mobile ion"),
        ("Na0.5Zr2Si2PO12", {}, "oxidation states"),
    ],
)
def test_unusable_requests_are_named(host, changes: dict[str, Any], message):
    asked: dict[str, Any] = {"site": "Zr", "dopants": ["Sc"], "x": 0.1}
    with pytest.raises(ValueError, match=message):
        dopants(host, **(asked | changes))


def charges_of(table, host):
    """Charge of each row by the host's states and the dopant states that the texts name."""
    import re

    states = assign_oxidation_states(CompositionBatch.from_formulas([host])).row(0)
    out = []
    for row in table.itertuples():
        known = dict(states)
        for symbol, size, sign in re.findall(r"([A-Z][a-z]?)(\d*)([+-])(?= (?:on|and))", row.compensation):
            known[symbol] = int(sign + (size or "1"))
        known.setdefault("F", -1)
        known.setdefault("Cl", -1)
        out.append(sum(n * known[e] for e, n in Composition(row.formula).get_el_amt_dict().items()))
    return np.array(out)


def test_a_second_dopant_balances_the_first():
    found = dopants(NZSP, site="Zr", dopants=["Mg", "Nb"], x=0.3, compensate="co_dopant").to_dataframe()
    made = Composition(found["formula"][0]).get_el_amt_dict()
    assert made == pytest.approx({"Na": 3, "Zr": 1.7, "Mg": 0.1, "Nb": 0.2, "Si": 2, "P": 1, "O": 12})
    assert found["compensation"].tolist() == ["none, Mg2+ and Nb5+ on Zr4+ balance"]


def test_an_isovalent_dopant_needs_no_second_one():
    found = dopants(NZSP, site="Zr", dopants=["Hf", "Sc"], x=0.3, compensate="co_dopant")
    assert found.to_dataframe()["dopant"].tolist() == ["Hf"]
    assert "does not make up a charge of -0.3" in found.refused["reason"][0]


@pytest.mark.parametrize(
    ("compensate", "dopant", "formula"),
    [
        ("mobile_vacancies", "Nb", "Na2.9Zr1.9Nb0.1Si2PO12"),
        ("anion_vacancies", "Mg", "Na3Mg0.1Zr1.9Si2PO11.9"),
        ("vacancies", "Nb", "Na2.9Zr1.9Nb0.1Si2PO12"),
        ("vacancies", "Mg", "Na3Mg0.1Zr1.9Si2PO11.9"),
    ],
)
def test_vacancies_make_up_the_charge(compensate, dopant, formula):
    found = dopants(NZSP, site="Zr", dopants=[dopant], x=0.1, compensate=compensate).to_dataframe()
    row = found[found["dopant_state"] == {"Nb": 5, "Mg": 2}[dopant]].iloc[0]
    assert Composition(row["formula"]).almost_equals(Composition(formula), rtol=1e-6)
    assert "vacancies" in row["compensation"]


def test_vacancies_of_the_wrong_sign_are_refused():
    found = dopants(NZSP, site="Zr", dopants=["Mg"], x=0.1, compensate="mobile_vacancies")
    assert len(found) == 0
    with pytest.raises(ValueError, match="no candidate is left: balancing Mg2"):
        found.check_runnable()


def test_anions_are_exchanged_to_make_up_the_charge():
    found = dopants("Na3SbS4", site="Sb", dopants=["Sn"], x=0.1, compensate="anion_exchange", anions=("S", "Cl"))
    row = found.to_dataframe().set_index("dopant_state").loc[4]
    made = Composition(str(row["formula"])).get_el_amt_dict()
    assert made == pytest.approx({"Na": 3, "Sb": 0.9, "Sn": 0.1, "S": 3.9, "Cl": 0.1})
    assert str(row["compensation"]) == "+0.1 Cl for S for Sn4+ on Sb5+"


def test_several_sites_are_doped_together():
    found = dopants(NZSP, site=["Zr", "P"], dopants=["Sc", "Hf", "Si"], x=(0.1, 0.2), at_once=2)
    table = found.to_dataframe()
    alone = [dopants(NZSP, site=s, dopants=["Sc", "Hf", "Si"], x=(0.1, 0.2)) for s in ("Zr", "P")]
    assert len(found) == len(alone[0]) + len(alone[1]) + len(alone[0]) * len(alone[1])
    assert table["formula"].is_unique
    row = table[(table["dopant"] == "Sc, Si") & (table["x"].round(6) == 0.3)].iloc[0]
    assert "for Sc3+ on Zr4+, Si4+ on P5+" in row["compensation"]
    np.testing.assert_allclose(charges_of(table, NZSP), 0.0, atol=1e-5)


def test_an_element_is_not_taken_off_one_site_and_put_on_another():
    found = dopants(NZSP, site=["Si", "P"], dopants=["Si", "P", "Ge"], x=0.1, at_once=2).to_dataframe()
    assert not ((found["dopant"] == "P, Si") | (found["dopant"] == "Si, P")).any()
    assert "Na3Zr2Si2PO12" not in set(found["formula"])


def test_high_entropy_mixes_share_a_site():
    five = ["Hf", "Sn", "Ti", "Sc", "Nb", "Ta", "Mg"]
    found = dopants(NZSP, site="Zr", dopants=five, x=0.5, mix=5)
    table = found.to_dataframe()
    combinations = table["dopant"].unique()
    assert len(combinations) == 21
    row = table[table["dopant"] == "Hf+Ti+Sc+Nb+Mg"].iloc[0]
    made = Composition(row["formula"]).get_el_amt_dict()
    assert all(made[e] == pytest.approx(0.1) for e in ("Hf", "Ti", "Sc", "Nb", "Mg"))
    np.testing.assert_allclose(charges_of(table, NZSP), 0.0, atol=1e-5)


def test_gridded_shares_count_as_compositions_do():
    found = dopants(NZSP, site="Zr", dopants=["Hf", "Mg"], x=0.4, mix=2, shares=0.25)
    assert sorted(round(Composition(f).get_el_amt_dict()["Hf"], 6) for f in found.to_dataframe()["formula"]) == [
        0.1,
        0.2,
        0.3,
    ]


def test_too_many_mixes_are_refused_before_they_are_built():
    with pytest.raises(ValueError, match="are too many .*name fewer dopants"):
        dopants(NZSP, site="Zr", x=(0.1, 0.2), mix=8)


def test_any_block_is_part_of_the_whole():
    found = dopants(NZSP, site=["Zr", "Si", "P"], dopants="all", x=(0.05, 0.1), at_once=2)
    whole = found.to_dataframe()
    assert len(found) == len(whole) > 5000
    facts, compositions = found.block(4321, 4400)
    pd.testing.assert_frame_equal(found.named(facts, compositions), whole[4321:4400].reset_index(drop=True))
    alone = found.compositions(np.arange(4321, 4400))
    np.testing.assert_array_equal(alone.amounts.toarray(), compositions.amounts.toarray())
    sample = found.sample(20, seed=3)
    assert set(sample["candidate_id"]) <= set(whole["candidate_id"])


def test_the_digest_follows_the_question():
    asked: dict[str, Any] = {"site": "Zr", "dopants": ["Sc", "Mg"], "x": (0.1, 0.2)}
    assert dopants(NZSP, **asked).digest == dopants(NZSP, **asked).digest
    other: dict[str, Any] = asked | {"x": 0.1}
    assert dopants(NZSP, **asked).digest != dopants(NZSP, **other).digest


def test_misfit_limits_the_amount_where_the_laboratory_found_a_limit():
    table = dopants(NZSP, site=["Zr", "P"], dopants="all", x=0.1).to_dataframe()
    up_to = table[table["site"] == "Zr"].set_index(["dopant", "dopant_state"])["x_up_to"]
    # Na3(Zr,Hf)2Si2PO12 and Na3(Zr,Sc)2(SiO4)2(PO4) mix fully; La leaves as phosphate from x = 0.1 on.
    assert up_to[("Hf", 4)] == up_to[("Sc", 3)] == 2.0
    assert up_to[("La", 3)] < 0.1
    assert table[table["site"] == "P"].set_index("dopant")["x_up_to"]["Si"] == 1.0


def test_substitution_probability_is_pymatgens():
    from pymatgen.analysis.structure_prediction.substitution_probability import SubstitutionProbability

    row = dopants(NZSP, site="Zr", dopants=["Hf"], x=0.1).to_dataframe().iloc[0]
    assert row["substitution_probability"] == pytest.approx(SubstitutionProbability().cond_prob("Hf4+", "Zr4+"))


def test_what_the_sites_take_leaves_less_to_balance_with():
    # Ca2+ on Na+ empties two sodium sites; in Na3PS4 that can be done up to x = 1.5, where none is left.
    found = dopants("Na3PS4", site="Na", dopants=["Ca"], x=(0.5, 1.4, 1.5), compensate="vacancies")
    assert found.to_dataframe()["formula"].tolist() == ["Na2Ca0.5PS4", "Na0.2Ca1.4PS4"]
    assert "the host has too little" in found.refused["reason"].iloc[-1]
    # Ca on Na and Cl on S together: each charge is taken from what the other left.
    both = dopants(
        "Na3PS4", site=["Na", "S"], dopants=["Ca", "Cl"], x=(0.2, 1.4), compensate="vacancies", at_once=2
    ).to_dataframe()
    amounts = [Composition(formula).get_el_amt_dict() for formula in both["formula"]]
    assert all(a["Na"] > 0 and a["S"] > 0 for a in amounts)
    charge = [a["Na"] + 2 * a.get("Ca", 0) + 5 - 2 * a["S"] - a.get("Cl", 0) for a in amounts]
    np.testing.assert_allclose(charge, 0.0, atol=1e-5)
