"""Formation energies from the Materials Project with a user's key, one chemical system after the other.

Written against mp-api 0.46 (`MPRester.materials.thermo.search`). Every group of systems is kept in a file of its own as
soon as it has come, so an interrupted pull goes on where it stopped; parts of another database version or of other
corrections are never mixed in.
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
from .reading import TableError

# Corrections and mixing of the Materials Project: GGA and GGA+U with the 2020 corrections; r2SCAN alone; all mixed.
THERMO_TYPES = ("GGA_GGA+U", "GGA_GGA+U_R2SCAN", "R2SCAN")
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
        Key of the Materials Project; None lets mp-api take it from ``MP_API_KEY``.
    out : path
        CSV, compressed CSV or Parquet to write. Parts under way lie in the folder ``<out>.parts``; provenance (database
        version, corrections, date) goes into ``<out>.json``, where `energies.load_energies` finds it.
    thermo_type : str
        One of `THERMO_TYPES`: which functional and which corrections.
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
    TableError
        If parts of another pull lie in the folder.
    """
    systems = chemical_systems(elements)
    if thermo_type not in THERMO_TYPES:
        raise ValueError(f"thermo_type={thermo_type!r}: choose one of {', '.join(THERMO_TYPES)}")
    out = Path(out)
    if not out.name.endswith((".csv", ".csv.gz", ".parquet")):
        raise ValueError(f"{out}: write .csv, .csv.gz or .parquet")
    try:
        from mp_api.client import MPRester  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        raise ModuleNotFoundError("the Materials Project is asked through mp-api: pip install mp-api") from None
    with MPRester(api_key, use_document_model=False, mute_progress_bars=True) as rester:
        version = str(rester.db_version)

        def ask(group: list[str]) -> list[dict]:
            return rester.materials.thermo.search(
                chemsys=group, thermo_types=[thermo_type], all_fields=False, fields=list(FIELDS)
            )

        return collect(systems, ask, out, {"database_version": version, "thermo_type": thermo_type}, progress)


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
    """
    folder = out.with_name(f"{out.name}.parts")
    folder.mkdir(parents=True, exist_ok=True)
    _check_facts(folder / "facts.json", facts)
    done = {system for part in _parts(folder) for system in part["systems"]}
    left = [system for system in systems if system not in done]
    for start in range(0, len(left), _SYSTEMS_A_REQUEST):
        group = left[start : start + _SYSTEMS_A_REQUEST]
        entries = [{key: _plain(entry.get(key)) for key in FIELDS} for entry in ask(group)]
        partial = folder / f"{group[0]}.partial"
        partial.write_text(json.dumps({"systems": group, "entries": entries}))
        partial.replace(folder / f"{group[0]}.part.json")  # whole, or not there
        if progress is not None:
            progress(len(systems) - len(left) + start + len(group), len(systems))
    wanted = set(systems)
    rows = [entry for part in _parts(folder) for entry in part["entries"] if entry["chemsys"] in wanted]
    table = pd.DataFrame(rows, columns=list(FIELDS)).rename(columns=FIELDS)
    table = table.sort_values(["chemical_system", "formation_energy_eV_atom"], kind="stable")
    if out.name.endswith(".parquet"):
        table.to_parquet(out, index=False)
    else:
        table.to_csv(out, index=False)
    written = {**facts, "source": "Materials Project (CC BY 4.0)", "rows": len(table), "systems": len(systems)}
    written["retrieved"] = datetime.now(UTC).isoformat(timespec="seconds")
    out.with_name(f"{out.name}.json").write_text(json.dumps(written, indent=2))
    _LOG.info("%s: %d entries of %d chemical systems", out, len(table), len(systems))
    return out


def _check_facts(path: Path, facts: dict[str, Any]) -> None:
    if not path.exists():
        path.write_text(json.dumps(facts))
        return
    before = json.loads(path.read_text())
    if before != facts:
        raise TableError(
            f"{path.parent}: holds parts of another pull ({before}), now it would be {facts}; energies of different "
            "versions or corrections do not mix: remove the folder, or write elsewhere"
        )


def _parts(folder: Path) -> Iterator[dict]:
    for path in sorted(folder.glob("*.part.json")):
        yield json.loads(path.read_text())


def _plain(value: Any) -> Any:
    """Identifiers and enumerations as text, numbers as they are."""
    return value if value is None or isinstance(value, int | float | str) else str(getattr(value, "value", value))
