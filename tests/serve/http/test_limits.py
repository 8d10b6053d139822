"""Too much is refused early, with what would be right."""

import gzip
import io
import json
import zlib

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

CSV = {"content-type": "text/csv"}
PARQUET = {"content-type": "application/vnd.apache.parquet"}
ARROW = {"content-type": "application/vnd.apache.arrow.stream"}


def test_too_many_rows_say_how_many_may_be_sent(client: TestClient) -> None:
    answer = client.post("/v1/predict", json=["NaCl"] * 5001)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["remedy"] == "at most 5000"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_body_that_is_too_large_is_refused_by_its_length(client: TestClient) -> None:
    answer = client.post("/v1/predict", content=b"formula\n" + b"NaCl\n" * 8_000_000, headers=CSV)
    assert answer.status_code == 413
    assert "33,554,432 at a time" in answer.json()["detail"]


def test_a_gzip_bomb_is_stopped_while_it_inflates(client: TestClient) -> None:
    packed = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packed.compress(bytes(2**24)) for _ in range(32)) + packed.flush()
    assert len(bomb) < 2**20
    answer = client.post("/v1/predict", content=bomb, headers={**CSV, "content-encoding": "gzip"})
    assert answer.status_code == 413
    assert "inflates beyond" in answer.json()["detail"]


def test_a_gzip_body_is_read(client: TestClient) -> None:
    body = gzip.compress(b"formula\nNaCl\n")
    answer = client.post("/v1/predict", content=body, headers={**CSV, "content-encoding": "gzip"})
    assert answer.text.startswith("formula,temperature_C,state,log10_conductivity")
    cut = client.post("/v1/predict", content=body[:-9], headers={**CSV, "content-encoding": "gzip"})
    assert cut.status_code == 400
    assert "cut short" in cut.json()["detail"]


def test_a_parquet_of_one_text_many_times_is_stopped_before_it_is_written_out(client: TestClient) -> None:
    """A dictionary holds the text once; 4000 rows of it would take 4 GB."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["x" * 2**20]))
    sink = io.BytesIO()
    pq.write_table(pa.table({"formula": column}), sink, compression="zstd")
    assert sink.tell() < 10_000
    answer = client.post("/v1/predict", content=sink.getvalue(), headers=PARQUET)
    assert answer.status_code == 413
    assert "bytes in memory" in answer.json()["detail"]


def test_a_parquet_of_too_many_rows_is_refused_by_what_it_declares(client: TestClient) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"formula": pa.array(["NaCl"] * 1_000_000)}), sink)
    answer = client.post("/v1/predict", content=sink.getvalue(), headers=PARQUET)
    assert answer.status_code == 413


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_a_compressed_arrow_stream_is_not_inflated(client: TestClient, codec: str) -> None:
    table = pa.table({"formula": pa.array(["NaCl" * 100] * 10)})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table)
    answer = client.post("/v1/predict", content=sink.getvalue(), headers=ARROW)
    assert answer.status_code == 415
    assert "Content-Encoding: gzip" in answer.json()["detail"]


def test_nested_columns_are_refused_by_name(client: TestClient) -> None:
    sink = io.BytesIO()
    pd.DataFrame({"formula": ["NaCl"], "tags": [["a", "b"]]}).to_parquet(sink)
    answer = client.post("/v1/predict", content=sink.getvalue(), headers=PARQUET)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "tags"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"formul": "NaCl"}, 422, "formul: is no field of this request"),
        ({"formula": "NaCl", "inputs": ["NaCl"]}, 422, "not formula and inputs"),
        ({"formula": "NaCl", "interval": 1}, 422, "interval: Input should be less than 1"),
        ({"formula": "NaCl", "temperature_C": "hot"}, 422, "temperature_C"),
        ({"formula": "NaCl", "state": "molten"}, 422, "state"),
        ({"inputs": ["NaCl", {"formula": ["NaCl"]}]}, 422, "row 1: formula must be a text"),
        ({}, 422, "give one of formula, structure and inputs"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, body: dict, status: int, says: str) -> None:
    answer = client.post("/v1/predict", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"formula\nNaCl\nNa3PS4,1,2\n", "line 3"),
        (b"formula,note\nNaCl,a,b\n", "more cells than its header"),
        ("formula\nNaCl·2H2O\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_broken_csv_says_where(client: TestClient, body: bytes, says: str) -> None:
    answer = client.post("/v1/predict", content=body, headers=CSV)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_a_table_without_formulas_says_which_column_may_be_meant(client: TestClient) -> None:
    answer = client.post("/v1/predict", content=b"Formula\nNaCl\n", headers=CSV)
    assert answer.status_code == 422
    assert "rename 'Formula' to 'formula'" in answer.json()["detail"]


def test_content_types_that_are_not_read_are_listed(client: TestClient) -> None:
    assert client.post("/v1/predict", content=b"x", headers={"content-type": "text/xml"}).status_code == 415
    assert client.post("/v1/predict", json="NaCl", headers={"accept": "image/png"}).status_code == 406


def test_what_json_writers_refuse_can_still_be_named(client: TestClient) -> None:
    """An integer of forty digits and half a character, said again in the error."""
    body = '{"host": "Na\\ud800", "site": ' + "9" * 400 + "}"
    answer = client.post("/v1/dopants", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert {fault["field"].partition(".")[0] for fault in answer.json()["errors"]} == {"host", "site"}
