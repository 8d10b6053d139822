"""The other verbs over HTTP: measurements, candidates, hybrids, rankings, explanations, promotion."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

import ionscout as ion
from ionscout.serve.http.app import create_app
from ionscout.serve.http.keys import ApiKeys
from ionscout.serve.http.settings import ServiceSettings

CSV = {"content-type": "text/csv"}
LAB = "formula,temperature_C,conductivity_S_cm,note\nNa3PS4,25,2e-4,=cell\nNa3P(S4,25,2e-4,\nNa3SbS4,25,cold,\n"


@pytest.fixture
def store(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The service on an empty measurement store."""
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'measurements.db'}")
    return client


@pytest.fixture
def keyed(trained_home: Path, tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    """A service that asks for keys, and a key that may add measurements."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(tmp_path))
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained_home / 'mlflow.db'}")
        token = ApiKeys().add("glovebox", ["measurements"])
        with TestClient(create_app(ServiceSettings(require_keys=True)), "http://127.0.0.1") as client:
            yield client, token


def test_measurements_are_kept_row_by_row_and_only_once(store: TestClient) -> None:
    first = store.post("/v1/measurements", content=LAB, headers=CSV, params={"by": "A. Volta"})
    assert first.status_code == 201
    told = first.json()
    assert [row["row"] for row in told["added"]] == [2]
    assert {(p["row"], p["column"]) for p in told["problems"]} >= {(3, "formula"), (4, "conductivity_S_cm")}
    assert all(p["remedy"] for p in told["problems"])
    again = store.post("/v1/measurements", content=LAB, headers=CSV, params={"by": "L. Galvani"})
    assert again.status_code == 200
    assert again.json()["already"][0]["added_by"] == "A. Volta"
    listed = store.get("/v1/measurements", params={"kind": "electrolyte"}).json()["rows"]
    assert [(row["formula"], row["added_by"]) for row in listed] == [("Na3PS4", "A. Volta")]


def test_a_row_that_is_too_long_does_not_cost_the_others(store: TestClient) -> None:
    body = "formula,temperature_C,conductivity_S_cm\nNa3PS4,25,2e-4\nNa3SbS4,25,1e-3,5,6\n"
    told = store.post("/v1/measurements", content=body, headers=CSV, params={"by": "A. Volta"}).json()
    assert [row["row"] for row in told["added"]] == [2]
    assert told["problems"][-1]["row"] == 3


def test_when_no_row_can_be_kept_the_answer_is_an_error_that_names_each(store: TestClient) -> None:
    rows = [{"formula": "Na3P(S4", "temperature_C": 25, "conductivity_S_cm": 2e-4}]
    answer = store.post("/v1/measurements", json=rows, params={"by": "A. Volta"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0] | {"message": "", "remedy": ""} == {
        "row": 2,
        "field": "formula",
        "value": "Na3P(S4",
        "message": "",
        "remedy": "",
    }


@pytest.mark.parametrize("as_csv", [True, False])
def test_a_sample_that_the_instrument_could_not_read_is_kept_as_a_limit(store: TestClient, as_csv: bool) -> None:
    rows = [
        {"formula": f, "temperature_C": 25, "conductivity_S_cm": v}
        for f, v in (("Na3BiO4", "<1e-10"), ("Na3PS4", 2e-4))
    ]
    rows.append({"formula": "Na3SbS4", "temperature_C": 25, "conductivity_S_cm": ">1e-3"})
    sent = {"content": pd.DataFrame(rows).to_csv(index=False), "headers": CSV} if as_csv else {"json": rows}
    told = store.post("/v1/measurements", params={"by": "A. Volta"}, **sent).json()
    assert [row["row"] for row in told["added"]] == [2, 3]
    (refused,) = told["problems"]
    assert (refused["row"], refused["column"], refused["value"]) == (4, "conductivity_S_cm", ">1e-3")
    assert "leave the row out" in refused["remedy"]
    listed = store.get("/v1/measurements", params={"kind": "electrolyte"}).json()["rows"]
    assert [(row["conductivity_S_cm"], row["conductivity_relation"]) for row in listed] == [(1e-10, "<"), (2e-4, None)]


def test_somebody_must_vouch_for_measurements(store: TestClient, keyed: tuple[TestClient, str]) -> None:
    rows = [{"formula": "Na3PS4", "temperature_C": 25, "conductivity_S_cm": 2e-4}]
    assert store.post("/v1/measurements", json=rows).status_code == 422
    client, token = keyed
    assert client.post("/v1/measurements", json=rows, headers={"X-API-Key": token}).status_code == 201
    assert ion.measurements()["added_by"].tolist() == ["glovebox"]


def test_long_listings_come_in_pieces(store: TestClient) -> None:
    rows = [{"formula": "Na3PS4", "temperature_C": t, "conductivity_S_cm": 2e-4} for t in range(30, 37)]
    store.post("/v1/measurements", json=rows, params={"by": "A. Volta"}).raise_for_status()
    found, after = [], 0
    while after is not None:
        page = store.get("/v1/measurements", params={"limit": 3, "after": after}).json()
        found += [row["temperature_C"] for row in page["rows"]]
        after = page["next_after"]
    assert found == list(range(30, 37))


def test_downloads_of_csv_run_nothing_in_a_spreadsheet(store: TestClient) -> None:
    store.post("/v1/measurements", content=LAB, headers=CSV, params={"by": "A. Volta"}).raise_for_status()
    listed = store.get("/v1/measurements", params={"kind": "electrolyte"}, headers={"accept": "text/csv"})
    assert ",'=cell" in listed.text
    rows = [{"formula": "NaCl", "note": text, "x": -1.5} for text in ("=1+1", "@SUM(A1)", "-2+3", "-2.5", "\tx", "+49")]
    told = client_csv(store, rows)
    assert [line.split(",")[1] for line in told] == ["'=1+1", "'@SUM(A1)", "'-2+3", "-2.5", "'\tx", "+49"]
    assert all(line.split(",")[2] == "-1.5" for line in told)


def client_csv(client: TestClient, rows: list[dict]) -> list[str]:
    answer = client.post("/v1/predict", json={"inputs": rows}, headers={"accept": "text/csv"})
    return answer.text.splitlines()[1:]


def test_dopants_and_what_was_refused_are_those_of_the_library(client: TestClient) -> None:
    asked = {"host": "Na3Zr2Si2PO12", "site": "Zr", "dopants": ["Sc", "Mg", "Cs"], "x": [0.1, 0.2]}
    told = client.post("/v1/dopants", json=asked).json()
    expected = ion.dopants(**asked)
    assert [row["formula"] for row in told["rows"]] == expected.to_dataframe()["formula"].tolist()
    assert [row["reason"] for row in told["refused"]] == expected.refused["reason"].tolist()
    wrong = client.post("/v1/dopants", json={"host": "Na3Zr2Si2PO12", "site": "Ti"})
    assert wrong.status_code == 422
    assert "Ti" in wrong.json()["detail"]


def test_hybrids_are_made_and_predicted(client: TestClient) -> None:
    asked = {"polymer": "PEO", "salt": "NaTFSI", "filler": ["Na3Zr2Si2PO12", None], "filler_wt_pct": [10.0]}
    made = client.post("/v1/hybrids", json=asked, headers={"accept": "text/csv"})
    told = client.post("/v1/predict_hybrids", content=made.content, headers={**CSV, "accept": "application/json"})
    expected = ion.predict_hybrids(ion.hybrids(**asked))
    np.testing.assert_array_equal(
        [r["log10_conductivity"] for r in told.json()["rows"]], expected["log10_conductivity"]
    )


def test_a_ranking_is_that_of_the_library(client: TestClient) -> None:
    table = ion.predict(["Na3PS4", "NaCl", "Na3Zr2Si2PO12"])
    spec = "conductivity >= 1e-4, no Cl"
    told = client.post(
        "/v1/rank",
        content=table.to_csv(index=False),
        headers={**CSV, "accept": "application/json"},
        params={"spec": spec},
    )
    expected = ion.rank(table, spec)
    assert [row["formula"] for row in told.json()["rows"]] == expected["formula"].tolist()
    assert [row["why"] for row in told.json()["rows"]] == expected["why"].tolist()
    wrong = client.post("/v1/rank", json=[{"formula": "NaCl"}], params={"spec": "smell >= 3"})
    assert wrong.status_code == 422
    assert "smell" in wrong.json()["detail"]


def test_explanations_add_up_to_the_prediction(client: TestClient) -> None:
    rows = client.post("/v1/explain", json=[{"formula": "Na3Zr2Si2PO12"}]).json()["rows"]
    total = sum(row["log10_conductivity"] for row in rows)
    assert total == pytest.approx(ion.predict("Na3Zr2Si2PO12")["log10_conductivity"][0], abs=1e-6)


def test_neighbours_come_with_their_sources(client: TestClient) -> None:
    rows = client.post("/v1/neighbours", json=[{"formula": "Na3Zr2Si2PO12"}], params={"count": 2}).json()["rows"]
    expected = ion.neighbours("Na3Zr2Si2PO12", count=2)
    assert [(r["formula"], r["source"]) for r in rows] == list(
        zip(expected["formula"], expected["source"], strict=True)
    )


def test_a_failed_sample_that_was_added_is_near_as_a_limit(store: TestClient) -> None:
    rows = [{"formula": "Na3BiO4", "temperature_C": 25, "conductivity_S_cm": "<1e-10"}]
    store.post("/v1/measurements", json=rows, params={"by": "A. Volta"}).raise_for_status()
    asked = {"count": 1, "stored": True}
    (found,) = store.post("/v1/neighbours", json=[{"formula": "Na3BiO4"}], params=asked).json()["rows"]
    assert (found["conductivity_relation"], found["log10_conductivity"]) == ("<", -10.0)
    far = store.post("/v1/neighbours", json=[{"formula": "Na3BiO4"}], params={"count": 1}).json()["rows"]
    assert all(row["distance"] > 0 for row in far)


def test_promoting_what_is_not_there_is_said(client: TestClient) -> None:
    assert client.post("/v1/models/conductivity/promote", json={"version": 999}).status_code == 404
    assert client.post("/v1/models/smell/promote", json={"version": 1}).status_code == 404
    assert client.post("/v1/models/conductivity/rollback").status_code == 404
    assert client.post("/v1/models/conductivity/promote", json={"version": 0}).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/models/conductivity/promote", {"version": True}),
        ("/v1/dopants", {"host": "Na3PS4", "site": "P", "x": [0.1, True]}),
        ("/v1/hybrids", {"polymer": "PEO", "salt": "NaTFSI", "temperature_C": True}),
        ("/v1/screen", {"formulas": ["NaCl"], "top": True}),
        ("/v1/retrain", {"seed": False}),
        ("/v1/predict", {"formula": "NaCl", "temperature_C": False}),
    ],
)
def test_true_and_false_are_no_numbers(client: TestClient, path: str, body: dict) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert "a number is asked for, not" in answer.text


def test_a_promotion_serves_with_the_next_request(client: TestClient) -> None:
    told = client.post("/v1/models/oxidation_limit/promote", json={"version": 1}).json()
    assert told["moved"] == {"reduction_limit": 1, "oxidation_limit": 1}
    assert told["serving"] == client.get("/readyz").json()["models"]


def test_temperatures_written_as_texts_are_read(client: TestClient) -> None:
    table = pd.DataFrame({"formula": ["NaCl"], "temperature_C": ["60"]})
    answer = client.post(
        "/v1/predict", content=table.to_csv(index=False), headers={**CSV, "accept": "application/json"}
    )
    assert answer.json()["rows"][0]["log10_conductivity"] == ion.predict("NaCl", 60)["log10_conductivity"][0]
