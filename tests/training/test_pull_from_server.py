"""The Materials Project pull as users run it: the real client asks the real server software, on this machine.

The entries are the formation energies of Bartel et al. 2020 (10.1038/s41524-020-00362-y) in the layout of the server.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ionscout as ion
from ionscout.training.data.energies import load_energies
from ionscout.training.data.materials_project import chemical_systems, pull_materials_project
from ionscout.training.data.reading import TableError

ELEMENTS = "Na-Zr-Si-P-S-O-Cl"  # 127 systems, seven requests
SYSTEMS = chemical_systems(ELEMENTS)
VERSION = "2026.04.13"
KEY = "0123456789abcdefghijklmnopqrstuv"
# The server's packages are not among this environment's: they pin others than ours.
PACKAGES = Path(sys.prefix) / "materials-project-server"
# More forms of one compound than the server sends at once.
FORMS_OF_SILICA = 1_100

pytestmark = [
    pytest.mark.skipif(find_spec("mp_api") is None, reason="mp-api is not installed: ionscout[materials-project]"),
    pytest.mark.skipif(not PACKAGES.is_dir(), reason="emmet-api is not there: make materials-project-server"),
]


def known_phases(folder: Path) -> pd.DataFrame:
    """Compounds of the seven elements, and the elements themselves."""
    table = pd.read_csv(folder / "materials_project_formation_energies.csv.gz")
    elements = table["formula"].map(lambda formula: set(re.findall("[A-Z][a-z]?", formula)))
    table = table[elements.map(lambda found: found <= set(ELEMENTS.split("-")))]
    pure = pd.DataFrame({"formula": ELEMENTS.split("-"), "formation_energy_eV_atom": 0.0})
    return pd.concat([table, pure], ignore_index=True)


def entries(phases: pd.DataFrame) -> list[dict[str, Any]]:
    """What the server is to know: the phases, and entries that must not come or must not win."""
    energies = dict(zip(phases["formula"], phases["formation_energy_eV_atom"], strict=True))
    above = phases.get("decomposition_energy_eV_atom", pd.Series(dtype=float)).clip(lower=0).fillna(0)
    rows = [
        {"formula": formula, "formation_energy_eV_atom": energy, "energy_above_hull_eV_atom": hull}
        for (formula, energy), hull in zip(energies.items(), above, strict=True)
    ]
    silica = energies["O2Si1"]
    for number in range(1, FORMS_OF_SILICA):
        higher = {"formation_energy_eV_atom": silica + 1e-4 * number, "energy_above_hull_eV_atom": 1e-4 * number}
        rows.append({"formula": "O2Si1", **higher})
    rows = [{**row, "thermo_type": "GGA_GGA+U", "license": "BY-C"} for row in rows]
    salt = next(row for row in rows if row["formula"] == "Cl1Na1")
    lower = salt["formation_energy_eV_atom"] - 1.0
    return [
        *rows,
        {**salt, "thermo_type": "r2SCAN", "formation_energy_eV_atom": lower},
        {**salt, "license": "BY-NC", "formation_energy_eV_atom": salt["formation_energy_eV_atom"] + 0.5},
        {**salt, "formula": "LiCl"},
    ]


class Server:
    """The server's process, its address, what it is told and what it was asked."""

    def __init__(self, folder: Path, phases: pd.DataFrame) -> None:
        self.folder, self.phases = folder, phases
        folder.mkdir(exist_ok=True)
        (folder / "entries.jsonl").write_text("\n".join(json.dumps(entry) for entry in entries(phases)))
        self.endpoint = ""
        self.control()
        self.start()

    def start(self) -> None:
        """Start it, the second time at the same address."""
        port = self.endpoint.rsplit(":", 1)[-1].strip("/") or "0"
        address = self.folder / "address"
        address.unlink(missing_ok=True)
        script = Path(__file__).with_name("materials_project_server.py")
        said = self.folder / "server.log"
        with said.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(script), str(self.folder), port],
                env={**os.environ, "PYTHONPATH": str(PACKAGES)},
                stderr=log,
            )
        wait_for(lambda: address.exists() and address.read_text(), self.process, said)
        self.endpoint = address.read_text()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def control(self, **told: Any) -> None:
        partial = self.folder / "control.partial"
        partial.write_text(json.dumps({"database_version": VERSION, **told}))
        partial.replace(self.folder / "control.json")

    def requests(self) -> list[dict[str, Any]]:
        log = self.folder / "requests.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(ready: Callable[[], Any], process: subprocess.Popen, said: Path | None = None) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, said.read_text() if said else f"ended with status {process.returncode}"
        assert time.monotonic() < deadline, "takes too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def running(external_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("materials_project"), known_phases(external_data))
    yield found
    found.stop()


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server with an empty log and nothing in its way, and the variables that lead to it."""
    running.control()
    (running.folder / "requests.jsonl").unlink(missing_ok=True)
    if running.process.poll() is not None:  # a test stopped it, and failed
        running.start()
    monkeypatch.setenv("MP_API_ENDPOINT", running.endpoint)
    monkeypatch.setenv("MP_API_KEY", KEY)
    return running


def pull(out: Path) -> subprocess.Popen:
    """`ionscout data pull materials-project` in a process of its own."""
    command = ["data", "pull", "materials-project", "--elements", ELEMENTS, "--output", str(out)]
    code = "import sys; sys.argv[0] = 'ionscout'; from ionscout.serve.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *command], stderr=subprocess.PIPE, text=True)


def systems_asked(requests: list[dict[str, Any]]) -> list[str]:
    return list(chain(*(request["chemsys"] for request in requests if request["skip"] == 0)))


def test_all_phases_of_all_systems_arrive(server, tmp_path):
    out = pull_materials_project(ELEMENTS, None, tmp_path / "energies.csv")
    table = pd.read_csv(out)
    assert len(table) == len(server.phases) + FORMS_OF_SILICA - 1
    assert systems_asked(server.requests()) == SYSTEMS
    # One request had to be turned over: the forms of silica alone are more than a page.
    assert [request["skip"] for request in server.requests()].count(1000) == 1
    assert table["entry_id"].is_unique
    assert set(table["thermo_type"]) == {"GGA_GGA+U"}
    shift = (table["corrected_total_energy_eV_atom"] - table["formation_energy_eV_atom"]).round(9)
    correction = (table["corrected_total_energy_eV_atom"] - table["uncorrected_total_energy_eV_atom"]).round(9)
    assert set(shift) == {-4.0}
    assert set(correction) == {-0.5}


def test_lowest_entries_are_those_of_the_server(server, tmp_path):
    pulled = load_energies(pull_materials_project(ELEMENTS, None, tmp_path / "energies.parquet"))
    assert not len(pulled.problems)
    known = load_energies(server.phases)
    assert len(pulled) == len(known)
    assert len(pulled.superseded) == FORMS_OF_SILICA - 1
    assert sorted(pulled.table["formation_energy_eV_atom"]) == sorted(known.table["formation_energy_eV_atom"])


def test_provenance_is_kept(server, tmp_path):
    facts = load_energies(pull_materials_project("Na-Cl", None, tmp_path / "energies.csv")).facts
    assert facts["database_version"] == VERSION
    assert facts["thermo_type"] == "GGA_GGA+U"
    assert "10.1038/s41598-021-94550-5" in facts["corrections"]
    assert facts["endpoint"] == server.endpoint
    assert facts["client"].startswith("mp-api ")
    assert facts["licenses"] == ["CC BY 4.0"]


def test_another_functional_is_another_pull(server, tmp_path):
    out = pull_materials_project("Na-Cl", None, tmp_path / "r2scan.csv", thermo_type="R2SCAN")
    assert set(pd.read_csv(out)["thermo_type"]) == {"r2SCAN"}
    with pytest.raises(TableError, match=r"thermo_type R2SCAN, now GGA_GGA\+U"):
        pull_materials_project("Na-Cl", None, out)


def test_entries_for_non_commercial_use_say_so(server, tmp_path):
    everyone = pd.read_csv(pull_materials_project("Na-Cl", None, tmp_path / "everyone.csv"))
    out = pull_materials_project("Na-Cl", KEY[::-1], tmp_path / "accepted.csv")
    assert load_energies(out).facts["licenses"] == ["CC BY 4.0", "CC BY-NC 4.0"]
    assert pd.read_csv(out)["license"].value_counts().to_dict() == {"CC BY 4.0": len(everyone), "CC BY-NC 4.0": 1}


def test_a_second_call_asks_for_nothing(server, tmp_path):
    out = pull_materials_project("Na-S", None, tmp_path / "energies.csv")
    before = out.read_bytes()
    asked = server.requests()
    assert pull_materials_project("Na-S", None, out).read_bytes() == before
    assert server.requests() == asked
    # More elements: the systems that are there already are not asked for again.
    pull_materials_project("Na-P-S", None, out)
    assert systems_asked(server.requests()[len(asked) :]) == ["P", "Na-P", "P-S", "Na-P-S"]


def test_a_pull_killed_or_cut_off_goes_on_where_it_stopped(server, tmp_path):
    out = tmp_path / "energies.csv"
    server.control(hold_after=3)
    first = pull(out)
    wait_for(lambda: len(server.requests()) == 4, first)
    first.kill()
    first.communicate()
    assert not out.exists()
    server.control()
    asked = server.requests()[:3]
    server.stop()
    (server.folder / "requests.jsonl").unlink()
    server.control(hold_after=2)
    server.start()
    second = pull(out)
    wait_for(lambda: len(server.requests()) == 3, second)
    server.stop()
    said = second.communicate()[1].splitlines()[-1]
    asked += server.requests()[:2]
    assert second.returncode == 2
    kept = len(systems_asked(asked))
    assert said == (
        f"ionscout: {server.endpoint} cannot be reached ([Errno 111] Connection refused); "
        f"{kept} of 127 chemical systems are kept in {out}.parts; the same command goes on from there"
    )
    (server.folder / "requests.jsonl").unlink()
    server.control()
    server.start()
    pull_materials_project(ELEMENTS, None, out)
    asked += server.requests()
    assert sorted(systems_asked(asked)) == sorted(SYSTEMS)
    assert len(load_energies(out)) == len(load_energies(server.phases))


def test_database_that_changes_is_refused(server, tmp_path):
    out = tmp_path / "energies.csv"

    def release(done: int, total: int) -> None:
        if done == 40:
            server.control(database_version="2026.09.01")

    with pytest.raises(TableError, match=rf"database_version {VERSION}, now 2026\.09\.01.*remove the folder"):
        pull_materials_project(ELEMENTS, None, out, progress=release)
    assert not out.exists()
    with pytest.raises(TableError, match="do not mix"):
        pull_materials_project(ELEMENTS, None, out)
    server.control()
    pull_materials_project(ELEMENTS, None, out)  # the 40 systems kept are all of the first version
    assert systems_asked(server.requests()).count("Na") == 1
    assert load_energies(out).facts["database_version"] == VERSION


def test_a_wrong_key_is_told(server, tmp_path):
    refused = (
        rf"{re.escape(server.endpoint)} refuses the key \(401: Invalid authentication credentials\); MP_API_KEY holds"
    )
    with pytest.raises(PermissionError, match=refused):
        pull_materials_project("Na", "f" * 32, tmp_path / "energies.csv")
    with pytest.raises(PermissionError, match="Valid API keys are 32 characters"):
        pull_materials_project("Na", "short", tmp_path / "energies.csv")
    assert server.requests() == []


def test_no_key_is_told(server, tmp_path, monkeypatch):
    monkeypatch.delenv("MP_API_KEY")
    monkeypatch.setattr("pymatgen.core.SETTINGS", {})
    with pytest.raises(ValueError, match="MP_API_KEY is not set"):
        pull_materials_project("Na", None, tmp_path / "energies.csv")


def test_a_server_that_fails_is_told(server, tmp_path):
    server.control(fails=True)
    with pytest.raises(ConnectionError, match=r"answers 503: Service unavailable; 0 of 3 chemical systems are kept"):
        pull_materials_project("Na-S", None, tmp_path / "energies.csv")


def test_another_server_is_told(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MP_API_ENDPOINT", f"{server.endpoint}materials/")
    with pytest.raises(ConnectionError, match="answers 404 Not Found and no version of a database"):
        pull_materials_project("Na-S", None, tmp_path / "energies.csv")


def test_nothing_found_is_no_empty_table(server, tmp_path):
    with pytest.raises(TableError, match="no entry of 3 chemical systems is known to"):
        pull_materials_project("Mg-Xe", None, tmp_path / "energies.csv")
    assert not (tmp_path / "energies.csv").exists()


def test_windows_are_those_of_the_same_phases_from_the_file(server, tmp_path, external_data):
    out = pull_materials_project("Na-P-S", None, tmp_path / "energies.csv.gz")
    pulled = ion.window("Na3PS4", energies=out)
    from_file = ion.window("Na3PS4", energies=external_data / "materials_project_formation_energies.csv.gz")
    assert pulled["error"].isna().all()
    pd.testing.assert_frame_equal(pulled, from_file)
