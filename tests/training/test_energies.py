"""Phase-energy tables: what is read, what is refused and why; the Materials Project pull as far as it goes offline."""

import inspect
import json
import os
from importlib.util import find_spec
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from ionscout.featurize.composition import CompositionBatch
from ionscout.training.data.energies import load_energies
from ionscout.training.data.materials_project import FIELDS, chemical_systems, collect, pull_materials_project
from ionscout.training.data.reading import TableError
from ionscout.training.windows import compare_windows, recompute_windows

needs_energies = pytest.mark.skipif(
    not os.environ.get("IONSCOUT_EXTERNAL_DATA"),
    reason="IONSCOUT_EXTERNAL_DATA names no folder with materials_project_formation_energies.csv.gz",
)


def table(energies: dict[str, float], column: str = "formation_energy_eV_atom") -> pd.DataFrame:
    return pd.DataFrame({"formula": [*energies], column: [*energies.values()]})


FORMATION = {"NaCl": -2.131, "Na2S": -1.26, "NaF": -2.988, "Na3PS4": -0.98, "Al2O3": -3.473, "ZrO2": -3.8}


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_files_of_every_kind_give_the_same_table(tmp_path, ending):
    frame = table(FORMATION).assign(entry_id=[f"mp-{n}" for n in range(len(FORMATION))])
    path = tmp_path / f"energies{ending}"
    if ending == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    found = load_energies(path)
    assert found.table["entry_id"].tolist() == frame["entry_id"].tolist()
    np.testing.assert_array_equal(found.phases.energies[118:], [*FORMATION.values()])
    assert found.source == str(path)


def test_lowest_entry_of_a_composition_is_kept_with_its_provenance():
    frame = pd.DataFrame(
        {
            "formula": ["Na2Cl2", "NaCl", "Na0.5Cl0.5", "Na2S"],
            "formation_energy_eV_atom": [-2.0, -2.131, -1.9, -1.26],
            "entry_id": ["b", "a", "c", "d"],
        }
    )
    found = load_energies(frame)
    assert found.table["entry_id"].tolist() == ["a", "d"]
    assert found.superseded[["entry_id", "kept_row"]].to_numpy().tolist() == [["b", 3], ["c", 3]]


def test_rows_that_cannot_be_used_are_listed_with_their_numbers():
    frame = table({**FORMATION, "Na(Cl": -1.0, "NaBr": np.nan})
    frame["formation_energy_eV_atom"] = frame["formation_energy_eV_atom"].astype(object)
    frame.loc[0, "formation_energy_eV_atom"] = "-2,131"
    found = load_energies(frame)
    assert found.problems["row"].tolist() == [2, 8, 9]
    assert found.problems["reason"].iloc[0] == "a comma as decimal sign"
    assert "unclosed bracket" in found.problems["reason"].iloc[1]
    assert len(found) == len(FORMATION) - 1


def test_a_single_slip_is_listed_not_fatal():
    many = {f"Na{n}Cl": -1.0 - 0.01 * n for n in range(2, 42)}
    found = load_energies(table({**many, "Na2S": -121.6}))
    assert found.problems[["row", "column"]].to_numpy().tolist() == [[42, "formation_energy_eV_atom"]]
    assert "Na2S" not in found.table["formula"].tolist()


@pytest.mark.parametrize(
    ("factor", "per_formula", "message"),
    [
        (96.485, False, "they look like kJ/mol"),
        (96.485, True, "kJ/mol: divide by 96.485 and by the atoms"),
        (1000.0, False, "they look like meV: divide by 1000"),
        (1.0, True, "eV per formula unit"),
    ],
)
def test_energies_in_another_unit_are_recognised(factor, per_formula, message):
    batch = CompositionBatch.from_formulas([*FORMATION])
    atoms = np.asarray(batch.amounts.sum(axis=1)).ravel() if per_formula else 1.0
    values = np.array([*FORMATION.values()]) * factor * atoms
    with pytest.raises(TableError, match=message):
        load_energies(table(dict(zip(FORMATION, values, strict=True))))


@needs_energies
@pytest.mark.parametrize(("factor", "message"), [(96.485, "look like kJ/mol"), (1000.0, "look like meV")])
def test_units_are_recognised_in_a_real_table(factor, message):
    frame = load_energies().table.copy()
    frame["formation_energy_eV_atom"] *= factor
    with pytest.raises(TableError, match=message):
        load_energies(frame)


def test_total_energies_under_the_wrong_name_are_recognised():
    with pytest.raises(TableError, match=r"row 3: Na has -1.31 eV/atom.*total energies"):
        load_energies(table({"NaCl": -3.38, "Na": -1.31, "Cl2": -1.84}))
    with pytest.raises(TableError, match="total energies: put them into column energy_eV_atom"):
        load_energies(table({"Al2O3": -7.48, "ZrO2": -9.5, "NaAlO2": -6.4, "Na2ZrO3": -7.1}))


def test_total_energies_become_formation_energies():
    totals = table({"Na": -1.31, "Cl2": -1.84, "NaCl": -3.375, "Na3": -1.2}, "energy_eV_atom")
    found = load_energies(totals)
    assert found.table["formation_energy_eV_atom"].tolist() == pytest.approx([-3.375 + (1.31 + 1.84) / 2])


def test_missing_elemental_references_are_named():
    totals = {"Na": -1.31, "Cl2": -1.84, "NaCl": -3.375, "Na3PS4": -4.1}
    found = load_energies(table(totals, "energy_eV_atom"))
    assert found.table["formula"].tolist() == ["NaCl"]
    assert found.problems[["row", "reason"]].to_numpy().tolist() == [[5, "no elemental reference for P, S"]]
    with pytest.raises(TableError, match="elemental references missing: Na, Cl"):
        load_energies(table({"NaCl": -3.375}, "energy_eV_atom"))


def test_pymatgen_entries_are_read_with_their_corrections():
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition
    from pymatgen.entries.computed_entries import ComputedEntry

    entries = [
        ComputedEntry("Na", -1.31, entry_id="na"),
        ComputedEntry("Cl2", -3.68, correction=-1.2, entry_id="cl"),
        ComputedEntry("NaCl", -6.75, correction=-0.6, entry_id="salt"),
        ComputedEntry("NaCl", -6.70, correction=-0.6, entry_id="higher"),
    ]
    found = load_energies(entries)
    diagram = PhaseDiagram(entries)
    assert found.table["entry_id"].tolist() == ["salt"]
    assert found.superseded["entry_id"].tolist() == ["higher"]
    expected = diagram.get_form_energy_per_atom(entries[2])
    assert found.phases.energies[-1] == pytest.approx(expected, abs=1e-12)
    assert found.table["correction_eV_atom"].iloc[0] == pytest.approx(-0.3)
    assert Composition(found.table["formula"].iloc[0]) == entries[2].composition


def test_a_table_without_energies_says_which_column_is_meant():
    with pytest.raises(TableError, match="'formation_energy_per_atom' is there"):
        load_energies(pd.DataFrame({"formula": ["NaCl"], "formation_energy_per_atom": [-2.1]}))
    with pytest.raises(TypeError, match="pymatgen entries"):
        load_energies([1, 2])


def test_no_table_names_the_routes(monkeypatch):
    monkeypatch.delenv("IONSCOUT_ENERGIES", raising=False)
    monkeypatch.delenv("IONSCOUT_EXTERNAL_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="IONSCOUT_ENERGIES"):
        load_energies()
    monkeypatch.setenv("IONSCOUT_ENERGIES", "nowhere.csv")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv, which is not there"):
        load_energies()


def test_chemical_systems_are_all_subsets():
    assert len(chemical_systems(["Na", "Zr", "Si", "P", "O"])) == 31
    with pytest.raises(ValueError, match="Xx is no element"):
        chemical_systems("Na-Xx")


def answers(asked: list[list[str]], stop_after: int | None = None):
    """Documents in the layout of the thermo endpoint, computed from the systems; no server is involved."""

    def ask(group: list[str]) -> list[dict]:
        if stop_after is not None and len(asked) >= stop_after:
            raise ConnectionError("the line is down")
        asked.append(group)
        found = []
        for system in group:
            if system.count("-"):
                row = dict.fromkeys(FIELDS, None)
                row.update(formula_pretty=system.replace("-", ""), formation_energy_per_atom=-1.0, chemsys=system)
                found.append(row)
        return found

    return ask


def test_an_interrupted_pull_goes_on_where_it_stopped(tmp_path):
    systems = chemical_systems("Na-Zr-Si-P-O-S")  # 63 systems, four requests
    out = tmp_path / "energies.csv"
    facts = {"database_version": "2026.04.13", "thermo_type": "GGA_GGA+U"}
    before: list[list[str]] = []
    with pytest.raises(ConnectionError):
        collect(systems, answers(before, stop_after=2), out, facts)
    assert not out.exists()
    after: list[list[str]] = []
    collect(systems, answers(after), out, facts)
    assert sorted(chain(*before, *after)) == sorted(systems)
    found = load_energies(out)
    assert len(found) == 63 - 6
    assert found.facts["database_version"] == "2026.04.13"
    again: list[list[str]] = []
    collect(systems, answers(again), out, facts)
    assert again == []


def test_parts_of_another_version_are_not_mixed_in(tmp_path):
    out = tmp_path / "energies.parquet"
    collect(["Na", "Na-S"], answers([]), out, {"database_version": "2025.09.25", "thermo_type": "GGA_GGA+U"})
    with pytest.raises(TableError, match="do not mix"):
        collect(["Na", "Na-S"], answers([]), out, {"database_version": "2026.04.13", "thermo_type": "GGA_GGA+U"})


def test_pull_says_how_to_get_its_client(tmp_path):
    if find_spec("mp_api") is None:
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'ionscout\[materials-project\]'"):
            pull_materials_project("Na-S", "key", tmp_path / "energies.csv")
    with pytest.raises(ValueError, match="choose one of GGA_GGA"):
        pull_materials_project("Na-S", "key", tmp_path / "energies.csv", thermo_type="LDA")


def test_client_has_what_the_pull_asks_for():
    pytest.importorskip("mp_api", reason="mp-api is not installed: its interface cannot be looked at")
    from emmet.core.thermo import ThermoDoc  # pyright: ignore[reportMissingImports]
    from mp_api.client.routes.materials.thermo import ThermoRester  # pyright: ignore[reportMissingImports]

    assert {name.split(".")[0] for name in FIELDS} <= set(ThermoDoc.model_fields)
    assert {"chemsys", "thermo_types", "all_fields", "fields"} <= set(inspect.signature(ThermoRester.search).parameters)


def test_provenance_beside_a_file_is_read(tmp_path):
    path = tmp_path / "energies.csv"
    table(FORMATION).to_csv(path, index=False)
    path.with_name("energies.csv.json").write_text(json.dumps({"database_version": "x"}))
    assert load_energies(path, facts={"note": "mine"}).facts == {"database_version": "x", "note": "mine"}


@needs_energies
def test_shipped_windows_are_reproduced():
    summary = compare_windows(recompute_windows(alkalis=("Na",))).set_index("mobile_ion").loc["Na"].to_dict()
    assert summary["rows_in_both"] > 5_500
    assert summary["verdicts_that_differ"] == 0
    # Half a unit of the last digit that the shipped table keeps.
    assert summary["largest_difference_energy_above_hull_eV_atom"] <= 5.1e-6
    assert summary["largest_difference_reduction_limit_V"] <= 5.1e-5
    assert summary["largest_difference_oxidation_limit_V"] <= 5.1e-5


def test_rows_left_out_are_told_of(caplog):
    load_energies(table({"NaCl": -2.131, "Na(Cl": -1.0, "Na2S": np.nan}))
    assert "2 rows left out; the first is row 3, formula 'Na(Cl'" in caplog.text
