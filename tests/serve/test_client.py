"""`ion.connect`: the same verbs, the same tables, from a real server."""

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition, Structure

import ionscout as ion
from ionscout.featurize.structure.hosts import host_cif
from ionscout.featurize.structure.reading import read_structure
from ionscout.serve.client import Client, RefusedError, ServiceError
from ionscout.serve.http.settings import ServiceSettings
from ionscout.serve.predict import InputError

from .http.running import listening

FORMULAS = ["Na3Zr2Si2PO12", "Na3PS4", "Na3P(S4", "NaCl", None]


@pytest.fixture(scope="module")
def far(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Client of a server on the trained models, with an empty measurement store."""
    store = tmp_path_factory.mktemp("store") / "measurements.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSCOUT_HOME", str(trained_home))
        patch.setenv("IONSCOUT_MEASUREMENTS_URI", f"sqlite:///{store}")
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with listening(ServiceSettings()) as url, ion.connect(url) as client:
            yield client


def assert_same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal in values, types, order and index; None and NaN are both missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        pd.testing.assert_frame_equal(got, expected, check_exact=True)
    assert got.attrs == expected.attrs


@pytest.mark.parametrize("verb", ["predict", "predict_hybrids", "dopants", "hybrids", "rank", "explain", "neighbours"])
def test_signatures_are_those_of_the_library(verb: str) -> None:
    """But for what a service cannot be given: the caller's own energies, and other objectives of a Pareto front."""
    ours = inspect.signature(getattr(Client, verb)).parameters
    theirs = inspect.signature(getattr(ion, verb)).parameters
    assert [p for p in ours if p != "self"] == [p for p in theirs if p not in ("energies", "pareto")]
    for name, parameter in ours.items():
        if name != "self":
            assert (parameter.default, parameter.kind) == (theirs[name].default, theirs[name].kind), name


@pytest.mark.parametrize(
    "inputs",
    [
        "Na3PS4",
        FORMULAS,
        pd.Series(["NaCl", "Na3PS4"], index=["a", "b"]),
        pd.DataFrame({"formula": FORMULAS, "temperature_C": [0, 60, 60, None, 20], "batch": [1, 2, 3, 4, 5]}),
        pd.DataFrame({"state": ["glass", "molten"], "formula": ["Na3PS4", "NaCl"], "temperature_C": ["60", "hot"]}),
        [Composition("Na3PS4"), "NaCl"],
        [],
        pd.DataFrame({"structure": [host_cif("Na3PS4"), Structure.from_str(host_cif("NaCl"), "cif"), "data_"]}),
    ],
    ids=["one", "list", "series", "frame", "texts", "compositions", "empty", "structures"],
)
def test_predictions_are_those_of_the_library(far: Client, inputs: object) -> None:
    assert_same(far.predict(inputs, 40.0, interval=0.8), ion.predict(inputs, 40.0, interval=0.8))


def test_tables_longer_than_a_request_are_sent_in_parts(far: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ionscout.serve.client.CHUNK_ROWS", 40)
    formulas = [f"Na{3 + x:g}Zr{2 - x:g}Sc{x:g}Si2PO12" for x in np.round(np.arange(0.01, 1.0, 0.01), 2)]
    assert_same(far.predict(formulas), ion.predict(formulas))


def test_strict_raises_as_the_library_does(far: Client) -> None:
    with pytest.raises(InputError, match="row 2: .*bracket"):
        far.predict(FORMULAS, strict=True)


def test_dopants_predicted_and_ranked_are_those_of_the_library(far: Client) -> None:
    asked = {"site": "Zr", "dopants": ["Sc", "Mg", "Cs"], "x": (0.1, 0.2)}
    ours, theirs = far.dopants("Na3Zr2Si2PO12", **asked), ion.dopants("Na3Zr2Si2PO12", **asked)
    assert len(ours) == len(theirs)
    assert_same(ours.to_dataframe(), theirs.to_dataframe())
    assert_same(ours.refused, theirs.refused)
    spec = "conductivity >= 1e-3, oxidation_limit_V >= 3, no Co"
    expected = ion.rank(ion.predict(theirs.to_dataframe()), spec)
    got = far.rank(far.predict(ours.to_dataframe()), spec)
    assert_same(got.astype({"rank": "Int64"}), expected.astype({"rank": "Int64"}))


def test_hybrids_are_those_of_the_library(far: Client) -> None:
    asked = {"polymer": ["PEO"], "salt": ["NaTFSI", "NaClO4"], "filler": ["Na3Zr2Si2PO12", None], "temperature_C": 60.0}
    ours, theirs = far.hybrids(**asked).to_dataframe(), ion.hybrids(**asked).to_dataframe()
    assert_same(ours, theirs)
    assert_same(far.predict_hybrids(ours), ion.predict_hybrids(theirs))
    measured = theirs.assign(conductivity_S_cm=1e-5)
    assert_same(far.predict_hybrids(measured), ion.predict_hybrids(measured))


def test_a_screen_is_that_of_the_library(far: Client) -> None:
    told: list[tuple[int, int]] = []
    got = far.screen(FORMULAS[:4], "conductivity >= 1e-4", top=2, progress=lambda *t: told.append(t))
    expected = ion.screen(FORMULAS[:4], "conductivity >= 1e-4", top=2)
    assert told[-1] == (4, 4)
    del got.attrs["job"]
    assert_same(got, expected)


def test_explanations_and_neighbours_are_those_of_the_library(far: Client) -> None:
    assert_same(far.explain(FORMULAS[:3]), ion.explain(FORMULAS[:3]))
    assert_same(far.neighbours(FORMULAS[:3], count=2), ion.neighbours(FORMULAS[:3], count=2))


def test_models_are_those_of_the_registry(far: Client) -> None:
    assert_same(far.models(), ion.models())


def test_measurements_added_far_away_are_those_added_here(far: Client, tmp_path: Path) -> None:
    lab = pd.DataFrame({"formula": ["Na3PS4", "Na3P(S4"], "temperature_C": 25, "conductivity_S_cm": 2e-4})
    done = far.add_measurements(lab, by="A. Volta", source="notebook 7")
    here = ion.add_measurements(lab, by="A. Volta", source="notebook 7", uri=f"sqlite:///{tmp_path / 'here.db'}")
    assert str(done) == str(here)
    assert_same(done.added, here.added)
    assert_same(done.problems, here.problems)
    lab.to_csv(tmp_path / "lab.csv", index=False)
    assert str(far.add_measurements(tmp_path / "lab.csv", by="A. Volta")).endswith(
        "0 added, 1 already there, 1 refused"
    )
    ours, theirs = (
        far.measurements("electrolyte"),
        ion.measurements("electrolyte", uri=f"sqlite:///{tmp_path / 'here.db'}"),
    )
    assert_same(ours.drop(columns="added_at"), theirs.drop(columns="added_at"))


def test_what_is_refused_says_row_field_and_remedy(far: Client) -> None:
    lab = pd.DataFrame({"formula": ["Na3P(S4"], "temperature_C": 25, "conductivity_S_cm": 2e-4})
    with pytest.raises(RefusedError, match="row 2") as caught:
        far.add_measurements(lab, by="A. Volta")
    assert caught.value.errors[0]["field"] == "formula"
    assert caught.value.errors[0]["remedy"]
    with pytest.raises(ValueError, match="Ti"):
        far.dopants("Na3Zr2Si2PO12", site="Ti").to_dataframe()


def test_where_no_service_is_the_address_is_named() -> None:
    with pytest.raises(ServiceError, match="127.0.0.1:9.*no answer"):
        ion.connect("http://127.0.0.1:9")


def test_structures_are_sent_as_texts_and_paths_in_a_file_are_not_opened(far: Client, tmp_path: Path) -> None:
    (tmp_path / "salt.cif").write_text(host_cif("NaCl"))
    salt = Structure.from_str(host_cif("NaCl"), "cif")
    lab = pd.DataFrame({"formula": ["NaCl"] * 2, "temperature_C": [401.0, 402.0], "conductivity_S_cm": [1e-6, 2e-6]})
    told = far.add_measurements(
        lab.assign(structure=pd.Series([salt, tmp_path / "salt.cif"], dtype=object)), by="A. Volta"
    )
    assert len(told.added) == 2
    kept = far.measurements("electrolyte")["structure"].dropna()
    assert [read_structure(text).composition.reduced_formula for text in kept] == ["NaCl", "NaCl"]
    file = tmp_path / "lab.csv"
    lab.assign(temperature_C=500.0, structure=pd.Series([str(tmp_path / "salt.cif"), None])).to_csv(file, index=False)
    told = far.add_measurements(file, by="A. Volta")
    assert len(told.added) == 1
    assert "a path; send the CIF text itself" in told.errors["reason"].iloc[0]
