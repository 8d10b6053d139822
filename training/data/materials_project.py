"""Formation energies from the Materials Project with a user's key, one chemical system after the other.

Every group of systems is kept in a file of its own as soon as it has come, so an interrupted pull goes on where it
stopped; parts of another database version or of other corrections are never mixed in.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from ...featurize.elements import SYMBOLS
from .materials_project_client import MaterialsProject
from .reading import TableError

# What the Materials Project calls a thermo type -> the corrections in its energies.
_CORRECTIONS_2020 = "MaterialsProject2020Compatibility (10.1038/s41598-021-94550-5)"
CORRECTIONS: dict[str, str] = {
    "GGA_GGA+U": _CORRECTIONS_2020,
    "GGA_GGA+U_R2SCAN": f"{_CORRECTIONS_2020}; mixed with r2SCAN (10.1038/s41524-022-00881-w)",
    "R2SCAN": "none",
}
LICENSES = {"BY-C": "CC BY 4.0", "BY-NC": "CC BY-NC 4.0"}
# What is asked of each entry -> its column here.
FIELDS: dict[str, str] = {
    "formula_pretty": "formula",
    "formation_energy_per_atom": "formation_energy_eV_atom",
    "material_id": "entry_id",
    "energy_per_atom": "corrected_total_energy_eV_atom",
    "uncorrected_energy_per_atom": "uncorrected_total_energy_eV_atom",
    "energy_above_hull": "source_energy_above_hull_eV_atom",
    "chemsys": "chemical_system",
    "thermo_type": "thermo_type",
    "builder_meta.license": "license",
}
# Systems in one request, and elements beyond which the number of systems gets out of hand (2^12 = 4,096).
_SYSTEMS_A_REQUEST = 20
_MOST_ELEMENTS = 12
_LOG = logging.getLogger(__name__)


def pull_materials_project(
    elements: Sequence[str] | str,
    api_key: str | None,
    out: str | Path,
    thermo_type: str = "GGA_GGA+U",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the phase-energy table of all phases made of some elements.

    Parameters
    ----------
    elements : list of str, or str such as "Na-P-S"
    api_key : str or None
        Key of the Materials Project; None takes it from ``MP_API_KEY``, or from pymatgen's settings.
    out : path
        CSV, compressed CSV or Parquet to write. Parts under way lie in the folder ``<out>.parts``; provenance (server,
        database version, corrections, licenses, date) goes into ``<out>.json``, and `energies.load_energies` reads it.
    thermo_type : str
        One of `CORRECTIONS`: which functional and which corrections.
    progress : callable, optional
        Told the systems done and the systems in all.

    Returns
    -------
    Path
        The table written.

    Raises
    ------
    ValueError
        If an element or the thermo type is not known, or there are too many elements.
    ModuleNotFoundError
        If mp-api is not installed.
    PermissionError
        If the server refuses the key.
    ConnectionError
        If the server cannot be reached or fails; what has come until then is kept.
    TableError
        If parts of another pull lie in the folder, the database changes during the pull, or nothing is found.
    """
    systems = chemical_systems(elements)
    if thermo_type not in CORRECTIONS:
        raise ValueError(f"thermo_type={thermo_type!r}: choose one of {', '.join(CORRECTIONS)}")
    out = Path(out)
    if not out.name.endswith((".csv", ".csv.gz", ".parquet")):
        raise ValueError(f"{out}: write .csv, .csv.gz or .parquet")
    with MaterialsProject(api_key) as server:

        def facts() -> dict[str, Any]:
            version = server.database_version()
            return {"endpoint": server.endpoint, "database_version": version, "thermo_type": thermo_type}

        def ask(group: list[str]) -> list[dict]:
            entries = server.entries(group, thermo_type, list(FIELDS))
            # A long pull may outlast a release of the database.
            _check_facts(_parts_folder(out), facts())
            return entries

        also = {"corrections": CORRECTIONS[thermo_type], "client": server.client}
        return collect(systems, ask, out, facts(), progress, also)


def chemical_systems(elements: Sequence[str] | str) -> list[str]:
    """All chemical systems of some elements, written as the Materials Project does, small ones first.

    Examples
    --------
    >>> chemical_systems("Na-S-P")
    ['Na', 'P', 'S', 'Na-P', 'Na-S', 'P-S', 'Na-P-S']
    """
    listed = elements.replace(",", "-").split("-") if isinstance(elements, str) else list(elements)
    symbols = sorted({symbol.strip() for symbol in listed if symbol.strip()})
    unknown = [symbol for symbol in symbols if symbol not in SYMBOLS]
    if unknown or not symbols:
        raise ValueError(f"elements={elements!r}: {', '.join(unknown) or 'nothing'} is no element; give e.g. 'Na-P-S'")
    if len(symbols) > _MOST_ELEMENTS:
        raise ValueError(f"{len(symbols)} elements have {2 ** len(symbols) - 1} chemical systems; give at most 12")
    return ["-".join(group) for size in range(1, len(symbols) + 1) for group in combinations(symbols, size)]


def collect(
    systems: Sequence[str],
    ask: Callable[[list[str]], list[dict]],
    out: Path,
    facts: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
    also: dict[str, Any] | None = None,
) -> Path:
    """Ask for every system not yet in the parts folder, then put the parts together into `out`.

    Parameters
    ----------
    systems : list of str
    ask : callable
        Entries, as dictionaries with the keys of `FIELDS`, of a list of systems.
    out : Path
    facts : dict
        Provenance; parts of a pull with other facts are refused.
    progress : callable, optional
    also : dict, optional
        Provenance that parts need not share.

    Raises
    ------
    TableError
        If parts of another pull lie in the folder, or no system has an entry.
    ConnectionError
        As `ask` raises it, and how much is kept.
    """
    folder = _parts_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    _check_facts(folder, facts)
    done = {system for part in _parts(folder) for system in part["systems"]}
    left = [system for system in systems if system not in done]
    for start in range(0, len(left), _SYSTEMS_A_REQUEST):
        group = left[start : start + _SYSTEMS_A_REQUEST]
        kept = len(systems) - len(left) + start
        try:
            found = ask(group)
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}; {kept} of {len(systems)} chemical systems are kept in {folder}; "
                "the same command goes on from there"
            ) from error
        entries = [{key: _plain(_field(entry, key)) for key in FIELDS} for entry in found]
        _write_whole(folder / f"{group[0]}.part.json", json.dumps({"systems": group, "entries": entries}))
        if progress is not None:
            progress(kept + len(group), len(systems))
    wanted = set(systems)
    rows = [entry for part in _parts(folder) for entry in part["entries"] if entry["chemsys"] in wanted]
    if not rows:
        said = ", ".join(f"{name} {value}" for name, value in facts.items())
        raise TableError(f"{out}: not written; no entry of {len(systems)} chemical systems is known to {said}")
    table = pd.DataFrame(rows, columns=list(FIELDS)).rename(columns=FIELDS)
    table["license"] = table["license"].replace(LICENSES)
    table = table.sort_values(["chemical_system", "formation_energy_eV_atom"], kind="stable")
    written = {**facts, **(also or {}), "source": "Materials Project", "rows": len(table), "systems": len(systems)}
    written["licenses"] = sorted(table["license"].dropna().unique())
    written["retrieved"] = datetime.now(UTC).isoformat(timespec="seconds")
    beside = out.with_name(f"{out.name}.json")
    beside.unlink(missing_ok=True)  # never the provenance of another table, wherever this is interrupted
    _write_table(table, out)
    _write_whole(beside, json.dumps(written, indent=2))
    _LOG.info("%s: %d entries of %d chemical systems", out, len(table), len(systems))
    return out


def _parts_folder(out: Path) -> Path:
    return out.with_name(f"{out.name}.parts")


def _check_facts(folder: Path, facts: dict[str, Any]) -> None:
    path = folder / "facts.json"
    if not path.exists():
        _write_whole(path, json.dumps(facts))
        return
    before = json.loads(path.read_text())
    if before != facts:
        changed = [
            f"{name} {before.get(name)}, now {facts.get(name)}"
            for name in before | facts
            if before.get(name) != facts.get(name)
        ]
        raise TableError(
            f"{folder}: holds parts of another pull ({'; '.join(changed)}); energies of different versions or "
            "corrections do not mix: remove the folder, or write elsewhere"
        )


def _parts(folder: Path) -> Iterator[dict]:
    for path in sorted(folder.glob("*.part.json")):
        yield json.loads(path.read_text())


def _write_whole(path: Path, text: str) -> None:
    """A file that is whole or not there, wherever the process is stopped."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)


def _write_table(table: pd.DataFrame, out: Path) -> None:
    partial = out.with_name(f".partial-{out.name}")  # the ending says how to write it
    if out.name.endswith(".parquet"):
        table.to_parquet(partial, index=False)
    else:
        table.to_csv(partial, index=False)
    partial.replace(out)


def _field(entry: dict[str, Any], name: str) -> Any:
    """A field of an entry, or a part of one: "builder_meta.license"."""
    value: Any = entry
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _plain(value: Any) -> Any:
    """Identifiers and enumerations as text, numbers as they are."""
    return value if value is None or isinstance(value, int | float | str) else str(getattr(value, "value", value))
