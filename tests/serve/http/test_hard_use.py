"""Hard use: what the OpenAPI allows and forbids, bodies of any bytes, broken tables and CIFs by the thousand."""

import json
import os
import random
import string
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ionscout.featurize.structure.hosts import host_cif
from ionscout.serve.http.settings import ServiceSettings

from .running import listening

# `IONSCOUT_HARD_USE=5000 pytest tests/serve/http/test_hard_use.py` breaks more of them.
MANY = int(os.environ.get("IONSCOUT_HARD_USE", "150"))
MEDIA = [
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
]
ALL: Any = list(HealthCheck)
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Values that people and programs put into cells.
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["Na3PS4", "Na3P(S4", "NaCl", "", " ", "Na" * 5000, "Na1e308Cl", "\x00", "=1+1", "NaN", "60 C"]),
)
ROWS = st.dictionaries(
    st.one_of(st.sampled_from(["formula", "temperature_C", "state", "structure", "error"]), st.text(max_size=10)),
    CELLS,
    max_size=6,
)


def is_clear(answer) -> bool:
    """An answer, or an error that says what is wrong; never a failure of the service."""
    if answer.status_code == 200:
        return True
    told = answer.json()
    return 400 <= answer.status_code < 500 and bool(told["detail"]) and told["status"] == answer.status_code


@BOUNDED
@given(rows=st.lists(ROWS, max_size=5))
def test_any_cells_are_answered_row_by_row_or_refused_with_a_reason(client: TestClient, rows: list[dict]) -> None:
    answer = client.post("/v1/predict", content=json.dumps({"inputs": rows}), headers={"content-type": MEDIA[0]})
    assert is_clear(answer), answer.text
    if answer.status_code == 200:
        assert len(answer.json()["rows"]) == len(rows)


@BOUNDED
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), media=st.sampled_from(MEDIA))
def test_any_bytes_are_answered_or_refused_with_a_reason(client: TestClient, body: bytes, media: str) -> None:
    for path in ("/v1/predict", "/v1/rank", "/v1/predict_hybrids", "/v1/explain", "/v1/neighbours"):
        answer = client.post(path, content=body, headers={"content-type": media, "accept": MEDIA[0]})
        assert is_clear(answer), answer.text


@BOUNDED
@given(
    value=st.recursive(CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
)
def test_any_json_is_answered_or_refused_with_a_reason(client: TestClient, value: object) -> None:
    for path in ("/v1/predict", "/v1/rank", "/v1/dopants", "/v1/hybrids", "/v1/explain", "/v1/screen"):
        answer = client.post(path, content=json.dumps(value), headers={"content-type": MEDIA[0]})
        assert is_clear(answer) or answer.status_code in (202, 429), answer.text


def broken(text: str, chance: random.Random) -> str:
    """The text with some characters cut out, doubled, replaced or swapped."""
    for _ in range(chance.randint(1, 6)):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        piece = chance.choice(["", text[at:to], chance.choice(string.printable), '"', ",", "\n", "\x00", "é", "1e999"])
        text = text[:at] + piece + text[at + chance.randint(0, 8) :]
        if not text:
            return ","
    return text


def test_many_broken_csvs(client: TestClient) -> None:
    """Each is answered row by row, or refused with a reason; none takes the service down."""
    chance = random.Random(20_261_126)
    whole = "formula,temperature_C,state,note\n" + 'Na3PS4,25,crystalline,a\nNaCl,60,,"b, c"\n' * 2
    statuses = []
    for _ in range(MANY):
        answer = client.post(
            "/v1/predict?properties=energy_above_hull",
            content=broken(whole, chance),
            headers={"content-type": "text/csv"},
        )
        assert is_clear(answer), answer.text
        statuses.append(answer.status_code)
    assert statuses.count(200) > MANY / 10
    assert len(set(statuses)) > 1
    assert client.post("/v1/predict", json="NaCl").status_code == 200


def test_many_broken_cifs(client: TestClient) -> None:
    """In tables of fifty, so that a bad structure could cost its neighbours their answer."""
    chance = random.Random(20_261_126)
    whole = host_cif("NaCl")
    for _ in range(max(1, MANY // 150)):
        cells = [broken(whole, chance) for _ in range(50)]
        cells[25] = whole
        answer = client.post("/v1/predict", json={"inputs": [{"structure": cell} for cell in cells]})
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        assert len(rows) == 50
        assert (rows[25]["formula"], rows[25]["error"]) == ("NaCl", None)
        assert all((row["error"] is None) == (row["log10_conductivity"] is not None) for row in rows)


def test_json_of_a_structure_imports_nothing(client: TestClient) -> None:
    """pymatgen would import the module that a site's property names."""
    from pymatgen.core import Structure

    fields = Structure.from_str(host_cif("NaCl"), "cif").as_dict()
    for site in fields["sites"]:
        site["properties"] = {"x": {"@module": "antigravity", "@class": "geohash"}}
    import sys

    row = client.post("/v1/predict", json={"structure": json.dumps(fields)}).json()["rows"][0]
    assert (row["formula"], row["error"]) == ("NaCl", None)
    assert "antigravity" not in sys.modules


def test_measurements_of_any_cells_are_refused_or_kept_row_by_row(
    client: TestClient, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{tmp_path / 'measurements.db'}")
    chance = random.Random(20_261_126)
    whole = "formula,temperature_C,conductivity_S_cm,doi\nNa3PS4,25,2e-4,10.1000/a\nNa3SbS4,25,1e-3,10.1000/b\n"
    kept = 0
    for number in range(MANY // 5):
        answer = client.post(
            "/v1/measurements",
            content=broken(whole, chance),
            headers={"content-type": "text/csv"},
            params={"by": f"person {number}"},
        )
        assert answer.status_code in (200, 201, 400, 422), answer.text
        kept += len(answer.json().get("added", ()))
    listed = client.get("/v1/measurements").json()["rows"]
    assert len(listed) == kept >= 2


@pytest.fixture(scope="module")
def address(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with a home of its own, on the trained models."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(home))
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained_home / 'mlflow.db'}")
        with listening(ServiceSettings(jobs_waiting=1)) as url:
            yield url


def test_the_openapi_holds(address: str) -> None:
    """Requests made from the OpenAPI, good and bad: each answer is documented, and none is a failure."""
    contract = schemathesis.openapi.from_url(f"{address}/openapi.json")
    failures: list[str] = []
    for found in contract.get_all_operations():
        operation: Any = found.ok()  # type: ignore[attr-defined]
        if (operation.method, operation.path) == ("post", "/v1/retrain"):
            continue  # Each would train for minutes.
        for mode in schemathesis.GenerationMode:

            @settings(
                max_examples=max(6, MANY // 50),
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=ALL,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def holds(case: schemathesis.Case) -> None:
                # A text that the schema allows need not be a formula of chemistry: refusing it is right.
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            try:
                with suppress(Unsatisfiable):  # A resource without a parameter cannot be asked wrongly.
                    holds()
            except (Exception, BaseExceptionGroup) as error:
                failures.append(f"{operation.method} {operation.path} ({mode}): {error}")
    assert not failures, "\n\n".join(failures)
