"""POST /v1/predict says what `ion.predict` says, whatever the body and whoever else asks."""

import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

import ionscout as ion
from ionscout.featurize.structure.hosts import host_cif

FORMULAS = ["Na3Zr2Si2PO12", "Na3PS4", "Na2.88Sb0.88W0.12S4", "NaCl", "Na3P(S4", "Li6PS5Cl", "NaAlCl4"]
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


def as_frame(rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def assert_same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal to the last digit, column by column; what is missing is missing in both."""
    assert list(got.columns) == list(expected.columns)
    for column in expected:
        if expected[column].dtype.kind == "f":
            np.testing.assert_array_equal(got[column].astype(float), expected[column], err_msg=column)
        else:
            both = zip(got[column], expected[column], strict=True)
            assert all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in both), column


def test_one_formula_is_answered_as_the_library_answers_it(client: TestClient) -> None:
    answer = client.post("/v1/predict", json={"formula": "Na3Zr2Si2PO12", "temperature_C": 60, "interval": 0.8})
    assert answer.status_code == 200
    assert answer.json()["interval"] == 0.8
    assert_same(as_frame(answer.json()["rows"]), ion.predict("Na3Zr2Si2PO12", 60.0, interval=0.8))


def test_many_formulas_come_back_in_order_with_bad_rows_in_place(client: TestClient) -> None:
    answer = client.post("/v1/predict", json=FORMULAS).json()
    assert_same(as_frame(answer["rows"]), ion.predict(FORMULAS))
    assert "bracket" in answer["rows"][4]["error"]


def test_rows_keep_their_other_fields_temperatures_and_states(client: TestClient) -> None:
    rows = [
        {"formula": "Na3PS4", "temperature_C": 100, "state": "glass", "label": "=cell 7"},
        {"formula": "NaCl", "temperature_C": None, "state": None, "label": None},
        {"formula": "NaCl", "temperature_C": -400, "state": "molten", "label": "too cold"},
    ]
    answer = client.post("/v1/predict", json={"inputs": rows, "temperature_C": 40.0}).json()
    assert_same(as_frame(answer["rows"]), ion.predict(pd.DataFrame(rows), 40.0))


@pytest.mark.parametrize("wanted", ["application/json", "application/x-ndjson", "text/csv", PARQUET, ARROW])
@pytest.mark.parametrize("sent", ["application/json", "application/x-ndjson", "text/csv", PARQUET, ARROW])
def test_tables_of_any_kind_go_in_and_out(client: TestClient, sent: str, wanted: str) -> None:
    table = pd.DataFrame({"formula": FORMULAS, "temperature_C": np.linspace(20.0, 80.0, len(FORMULAS)), "id": range(7)})
    answer = client.post("/v1/predict", content=written(table, sent), headers={"content-type": sent, "accept": wanted})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == wanted
    expected = ion.predict(table)
    got = read(answer.content, wanted)
    # CSV says numbers as texts: the cells carried through are as they were sent.
    carried = ["id", "temperature_C"]
    np.testing.assert_array_equal(got[carried].astype(float), expected[carried].astype(float))
    assert_same(got.drop(columns=carried), expected.drop(columns=carried))


def written(table: pd.DataFrame, media: str) -> bytes:
    if media == "application/json":
        return f'{{"inputs": {table.to_json(orient="records", double_precision=15)}}}'.encode()
    if media == "application/x-ndjson":
        return table.to_json(orient="records", lines=True, double_precision=15).encode()
    if media == "text/csv":
        return table.to_csv(index=False).encode()
    if media == PARQUET:
        return table.to_parquet(index=False)
    stored = pa.Table.from_pandas(table, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, stored.schema) as writer:
        writer.write_table(stored)
    return sink.getvalue().to_pybytes()


def read(content: bytes, media: str) -> pd.DataFrame:
    if media == "application/json":
        return pd.DataFrame(httpx.Response(200, content=content).json()["rows"])
    if media == "application/x-ndjson":
        return pd.DataFrame([httpx.Response(200, content=line).json() for line in content.splitlines()])
    if media == "text/csv":
        return pd.read_csv(io.BytesIO(content), float_precision="round_trip")
    if media == PARQUET:
        return pd.read_parquet(io.BytesIO(content))
    return pa.ipc.open_stream(content).read_pandas()


def test_a_large_table_is_answered_like_its_rows(client: TestClient) -> None:
    table = pd.DataFrame({"formula": FORMULAS * 300, "temperature_C": np.linspace(0, 200, 2100)})
    answer = client.post("/v1/predict", content=table.to_parquet(index=False), headers={"content-type": PARQUET})
    assert_same(pd.read_parquet(io.BytesIO(answer.content)), ion.predict(table))


def test_a_cif_is_answered_and_a_path_is_not_opened(client: TestClient, tmp_path) -> None:
    (tmp_path / "host.cif").write_text(host_cif("Na3PS4"))
    cells = [host_cif("Na3PS4"), str(tmp_path / "host.cif"), "data_empty"]
    answer = client.post("/v1/predict", json={"inputs": [{"structure": cell} for cell in cells]}).json()["rows"]
    alone = ion.predict("Na3PS4")
    assert answer[0]["log10_conductivity"] == alone["log10_conductivity"][0]
    assert answer[1]["log10_conductivity"] is None
    assert "opens no files" in answer[1]["error"]
    assert "CIF has no atoms" in answer[2]["error"]


def test_answers_do_not_depend_on_who_asks_at_the_same_time(url: str) -> None:
    """Rows asked one by one by sixteen at once, in common batches, are those that the library gives for the table."""
    formulas = [f"Na{3 + x:g}Zr{2 - x:g}Sc{x:g}Si2PO12" for x in np.round(np.arange(0.01, 1.0, 0.01), 2)]
    expected = ion.predict(formulas)
    with httpx.Client(base_url=url, limits=httpx.Limits(max_connections=16)) as asked, ThreadPoolExecutor(16) as pool:

        def ask(formula: str) -> dict:
            return asked.post("/v1/predict", json={"formula": formula}).raise_for_status().json()["rows"][0]

        rows = list(pool.map(ask, formulas))
        told = asked.get("/metrics").text
    assert_same(as_frame(rows), expected)
    batches = float(next(line for line in told.splitlines() if line.startswith("ionscout_batch_rows_count")).split()[1])
    assert batches < len(formulas) / 2


def test_only_the_properties_asked_for_are_answered(client: TestClient) -> None:
    whole = ion.predict(FORMULAS)
    for content, media in ((b'["Na3PS4", "NaCl"]', "application/json"), (b"formula\nNa3PS4\nNaCl\n", "text/csv")):
        answer = client.post(
            "/v1/predict",
            content=content,
            headers={"content-type": media, "accept": "application/json"},
            params={"properties": ["oxidation_limit", "energy_above_hull"]},
        )
        rows = answer.json()["rows"]
        assert "log10_conductivity" not in rows[0]
        for column in ("oxidation_limit_V", "reduction_limit_V", "energy_above_hull_eV_atom"):
            assert [row[column] for row in rows] == whole[column].to_numpy()[[1, 3]].tolist()
    assert client.post("/v1/predict", json={"formula": "NaCl", "properties": ["smell"]}).status_code == 422


def test_a_row_asked_again_is_answered_alike_and_keeps_its_own_fields(client: TestClient) -> None:
    rows = [{"formula": "Na3SbS4", "label": label} for label in ("first", "again")]
    first, again = (client.post("/v1/predict", json={"inputs": [row]}).json()["rows"][0] for row in rows)
    assert (first.pop("label"), again.pop("label")) == ("first", "again")
    assert again == first
    told = client.get("/metrics").text
    assert float(told.partition("\nionscout_rows_recalled_total ")[2].split()[0]) >= 1
    hot = client.post("/v1/predict", json={"formula": "Na3SbS4", "temperature_C": 60}).json()["rows"][0]
    assert hot["log10_conductivity"] > first["log10_conductivity"]
