"""Where measurements come from: the tables shipped with the package, and the rows that training takes from them."""

import hashlib
import logging
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
import pandas as pd

from ...featurize.elements import SYMBOLS
from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from .. import curated
from .columns import compositions, is_censored, is_computed, text
from .fields import QUALITY_WEIGHTS
from .repeats import source_of
from .validate import ValidationReport, validate

_LOG = logging.getLogger(__name__)

# Name of a shipped table -> file in training/curated.
CURATED: dict[str, str] = {
    "sodium_electrolytes": "sodium_electrolytes.csv",
    "other_ion_electrolytes": "other_ion_electrolytes.csv",
    "glass_electrolytes": "glass_electrolytes.csv.gz",
    "hybrid_electrolytes": "hybrid_electrolytes.csv",
    "sodium_interfaces": "sodium_interfaces.csv",
    "stability_windows": "stability_windows.csv.gz",
}
TRAINING_COLUMNS = (
    "formula",
    "mobile_ion",
    "state",
    "temperature_C",
    CONDUCTIVITY.column,
    ACTIVATION_ENERGY.column,
    "family",
    "year",
    "quality",
    "weight",
    "computed",
    "censored",
    "group_system",
    "group_source",
    "table",
    "row",
)


def load_curated(name: str) -> pd.DataFrame:
    """A shipped table: its valid rows, typed, with row numbers of the file as index.

    Parameters
    ----------
    name : str
        One of `CURATED`: sodium_electrolytes, other_ion_electrolytes, glass_electrolytes, hybrid_electrolytes,
        sodium_interfaces, stability_windows.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> table = load_curated("sodium_electrolytes")
    >>> table[["formula", "temperature_C", "conductivity_S_cm"]].head(1).values.tolist()
    [['Na2BNH6', 25.0, 2e-06]]
    """
    return validate_curated(name).valid.copy()


@lru_cache(maxsize=len(CURATED))
def validate_curated(name: str) -> ValidationReport:
    """The validation report of a shipped table (read once a process; do not change its frames)."""
    if name not in CURATED:
        raise ValueError(f"table {name!r} is not known; choose one of {', '.join(CURATED)}")
    with as_file(files(curated) / CURATED[name]) as path:
        report = validate(path)
    _LOG.info("%s: %s", name, report)
    return report


def training_rows(
    target: str = "conductivity",
    tables: Iterable[str | pd.DataFrame] = ("sodium_electrolytes",),
    computed: bool = False,
) -> pd.DataFrame:
    """Rows that a conductivity or activation energy model can learn from.

    Parameters
    ----------
    target : {"conductivity", "activation_energy"}
        Value that every row must hold. A conductivity has a temperature; an activation energy may have none.
    tables : iterable of str or DataFrame
        Shipped tables by name, or measurements of a user, which are validated first.
    computed : bool
        Whether simulated rows come along (marked in column `computed`).

    Returns
    -------
    DataFrame
        Columns `TRAINING_COLUMNS`, and `structure` where a table has one; a fresh index. Grain-boundary values are left
        out: they describe a pellet, not a material. `censored` marks limits that the conductivity lies below. `weight`
        is `fields.QUALITY_WEIGHTS` of the quality. `group_system` is the sorted element set, such as Na-O-P-Si-Zr;
        `group_source` the DOI, else the SciGlass paper, the address, or the row itself.

    Raises
    ------
    ValueError
        If `target` is neither property or a table is not one of electrolytes.

    Examples
    --------
    >>> rows = training_rows()
    >>> rows.loc[0, ["formula", "group_system", "group_source"]].tolist()
    ['Na2BNH6', 'B-H-N-Na', '10.1002/aenm.201501016']
    """
    columns = {CONDUCTIVITY.name: CONDUCTIVITY.column, ACTIVATION_ENERGY.name: ACTIVATION_ENERGY.column}
    if target not in columns:
        raise ValueError(f"{target=} must be one of {', '.join(columns)}")
    parts = []
    for place, table in enumerate(tables):
        if isinstance(table, str):
            report, name = validate_curated(table), table
        else:
            report, name = validate(table), f"table {place + 1}"
        if report.table not in ("electrolyte", "glass"):
            raise ValueError(
                f"{name} is a table of kind {report.table}; training rows come from electrolytes and glasses"
            )
        parts.append(_training_rows(report.valid, name))
    if not parts:
        return pd.DataFrame(columns=list(TRAINING_COLUMNS))
    rows = pd.concat(parts, ignore_index=True)
    kept = rows[columns[target]].notna() & (~rows["computed"] | computed)
    return rows[kept].reset_index(drop=True)


def _training_rows(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    frame = frame[text(frame, "conductivity_kind").ne("grain_boundary")]
    source = source_of(frame)
    own = pd.Series([f"{name}:row {row}" for row in frame.index], index=frame.index, dtype=object)
    with np.errstate(divide="ignore"):
        decades = np.log10(frame["conductivity_S_cm"].to_numpy(dtype=float))
    rows = frame.assign(
        computed=is_computed(frame),
        censored=is_censored(frame),
        weight=frame["quality"].map(QUALITY_WEIGHTS),
        group_system=element_sets(frame["formula"]),
        group_source=source.where(source.ne(""), own),
        table=name,
        row=frame.index,
        **{CONDUCTIVITY.column: decades},
    )
    return rows[[*TRAINING_COLUMNS, *(["structure"] if "structure" in rows else [])]]


def window_rows(mobile_ions: Iterable[str] = ("Na",)) -> pd.DataFrame:
    """Computed phase stability and windows: formula, mobile_ion, the three values, group_system.

    Limits are NaN for phases above the hull; they are volts against the metal of `mobile_ion`.
    """
    table = load_curated("stability_windows")
    table = table[table["mobile_ion"].isin(tuple(mobile_ions))]
    values = ["energy_above_hull_eV_atom", "reduction_limit_V", "oxidation_limit_V"]
    kept = table[["formula", "mobile_ion", *values]].assign(group_system=element_sets(table["formula"]))
    return kept.reset_index(names="row")


def element_sets(formulas: pd.Series) -> np.ndarray:
    """(n,) object: sorted element symbols of each formula joined by hyphens, "" where it cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> element_sets(pd.Series(["Na3Zr2Si2PO12", "Na3PS4"])).tolist()
    ['Na-O-P-Si-Zr', 'Na-P-S']
    """
    amounts = compositions(formulas).amounts.tocsr()
    bounds = zip(amounts.indptr[:-1], amounts.indptr[1:], strict=True)
    sets = ["-".join(sorted(SYMBOLS[c] for c in amounts.indices[a:b][amounts.data[a:b] > 0])) for a, b in bounds]
    return np.asarray(sets, dtype=object)


def data_hash(frame: pd.DataFrame) -> str:
    """Short SHA-256 of what a table holds: column names, their order, every cell in row order; not the index.

    The same content gives the same hash in every process and on every machine. Numbers count by their exact value,
    whatever their type; missing cells are all alike.

    Examples
    --------
    >>> import pandas as pd
    >>> data_hash(pd.DataFrame({"formula": ["Na3PS4"], "temperature_C": [25.0]}))
    'f1f349571b7dc22a'
    """
    digest = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        digest.update(f"\x1d{name}\x1e".encode())
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            numbers = column.to_numpy(dtype="float64", na_value=np.nan) + 0.0  # -0.0 is 0.0
            numbers[np.isnan(numbers)] = np.nan  # one bit pattern for all
            digest.update(numbers.astype("<f8").tobytes())
        else:
            cells = ["" if pd.isna(cell) else str(cell) for cell in column]
            digest.update("\x1f".join(cells).encode())
    return digest.hexdigest()[:16]
