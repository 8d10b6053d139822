import numpy as np
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
def test_unusable_requests_are_named(host, changes, message):
    with pytest.raises(ValueError, match=message):
        dopants(host, **({"site": "Zr", "dopants": ["Sc"], "x": 0.1} | changes))
