"""`ion.add_measurements` and `ion.measurements`: what laboratories add, kept for good."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..data.fields import ERROR
from ..data.kinds import TABLES
from ..data.validate import validate
from ..home import measurements_uri
from .engine import WAIT_S, Database
from .rows import to_frame, to_rows, unstorable
from .tables import PROVENANCE, additions
from .tables import measurements as rows_table

_CHUNK = 500  # rows an INSERT or a look-up by hash names at once


@dataclass(frozen=True)
class Addition:
    """What came of handing in a table.

    Parameters
    ----------
    table : str
        Kind of table.
    added : DataFrame
        row (of the file), measurement_id.
    already : DataFrame
        Rows that the store had, or that stand twice in the table: row, measurement_id, added_by, added_at.
    problems : DataFrame
        As `ValidationReport.problems`; rows with an error were left out.
    assumed : tuple of str
        What was taken for blank cells.
    n_rows : int
        Rows that were looked at.
    """

    table: str
    added: pd.DataFrame
    already: pd.DataFrame
    problems: pd.DataFrame
    assumed: tuple[str, ...]
    n_rows: int

    @property
    def errors(self) -> pd.DataFrame:
        """Problems that kept a row out."""
        return self.problems[self.problems["severity"] == ERROR]

    def __str__(self) -> str:
        refused = self.n_rows - len(self.added) - len(self.already)
        return (
            f"{self.n_rows} rows of a table of kind {self.table}: {len(self.added)} added, "
            f"{len(self.already)} already there, {refused} refused"
        )


def add_measurements(
    table: str | Path | pd.DataFrame,
    by: str,
    source: str | None = None,
    kind: str | None = None,
    uri: str | None = None,
    encoding: str | None = None,
    wait_s: float = WAIT_S,
    open_files: bool = True,
) -> Addition:
    """Validate measurements and keep the valid rows, all of them or, if something fails, none.

    When this returns, the rows are on disk; they can be neither changed nor deleted. A row that says the same as one in
    the store, to the last digit, is reported and not kept twice.

    Parameters
    ----------
    table : path or DataFrame
        CSV, compressed CSV or Parquet, or a table in memory, with columns as `ion.validate` takes them. Other columns
        are kept as text; a column `structure` (CIF text, path, pymatgen Structure or its JSON) as the text of the
        structure, which models may be taught.
    by : str
        Who vouches for them.
    source : str, optional
        Where they come from, such as a DOI or a notebook page; by default the name of the file.
    kind : {"electrolyte", "glass", "hybrid", "interface", "window"}, optional
        Kind of table; by default its columns tell.
    uri : str, optional
        The store; by default `IONSCOUT_MEASUREMENTS_URI`, else `measurements.db` in `IONSCOUT_HOME`.
    encoding : str, optional
        Encoding of a CSV file that is not UTF-8.
    wait_s : float
        How long to wait for another writer.
    open_files : bool
        Whether a cell of the column `structure` may name a file.

    Returns
    -------
    Addition
        What was added, what was there, and what was refused with its reason and remedy.

    Raises
    ------
    TableError
        If the table as a whole cannot be used.
    ValueError
        If `by` is blank.
    StoreError
        If the store cannot be written: locked, full, damaged or not reachable.

    Examples
    --------
    >>> import tempfile
    >>> lab = pd.DataFrame({"formula": ["Na3PS4", "Na3P(S4"], "temperature_C": 25, "conductivity_S_cm": 2e-4})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     uri = f"sqlite:///{folder}/measurements.db"
    ...     print(add_measurements(lab, by="A. Volta", uri=uri))
    ...     print(add_measurements(lab, by="A. Volta", uri=uri))
    2 rows of a table of kind electrolyte: 1 added, 0 already there, 1 refused
    2 rows of a table of kind electrolyte: 0 added, 1 already there, 1 refused
    """
    by, source = (by or "").strip(), (source or "").strip()
    unreadable = any(not text.isprintable() for text in (by, source))
    if not by or unreadable:
        raise ValueError(f"{by=}, {source=}: say who adds the measurements, in printable characters: by='A. Volta'")
    is_file = not isinstance(table, pd.DataFrame)
    report = validate(table, kind, encoding, open_files)
    refused = unstorable(report.valid)
    valid = report.valid.drop(index=pd.Index(refused["row"].unique()))
    rows = to_rows(valid, report.table)
    from ... import __version__

    addition = {
        "added_by": by,
        "added_at": datetime.now(UTC),
        "added_from": source or (Path(table).name if is_file else "table in memory"),
        "file_sha256": hashlib.sha256(Path(table).read_bytes()).hexdigest() if is_file else None,
        "ionscout_version": __version__,
    }
    added, already = _insert(database(uri, wait_s), addition, rows)
    problems = pd.concat([report.problems, refused]).sort_values("row", kind="stable", ignore_index=True)
    return Addition(report.table, added, already, problems, report.assumed, report.n_rows)


def measurements(kind: str | None = None, by: str | None = None, uri: str | None = None) -> pd.DataFrame:
    """Measurements in the store, in the order they came, each with who added it, when and from where.

    Parameters
    ----------
    kind : {"electrolyte", "glass", "hybrid", "interface", "window"}, optional
        Kind of table; with one, all its columns and the users' own are there; by default all kinds.
    by : str, optional
        Only what this person added.
    uri : str, optional
        The store; by default as `add_measurements` takes it.

    Returns
    -------
    DataFrame
        Columns measurement_id, measurement_kind, added_by, added_at (UTC), added_from, added_row (the row of that
        file; the header is row 1), row_hash, then those of the measurements.

    Raises
    ------
    ValueError
        If there is no such kind.
    StoreError
        If the store cannot be read.
    """
    if kind is not None and kind not in TABLES:
        raise ValueError(f"{kind=} is not known; choose one of {', '.join(TABLES)}")
    asked = (
        sa.select(rows_table, additions.c.added_by, additions.c.added_at, additions.c.added_from)
        .join(additions)
        .order_by(rows_table.c.measurement_id)
    )
    if kind is not None:
        asked = asked.where(rows_table.c.measurement_kind == kind)
    if by is not None:
        asked = asked.where(additions.c.added_by == by)
    with database(uri).reading() as connection:
        found = [dict(record) for record in connection.execute(asked).mappings()]
    return to_frame(found, kind)


def export_measurements(kind: str = "electrolyte", uri: str | None = None) -> pd.DataFrame:
    """Measurements of one kind as they were added, without provenance: adding them elsewhere gives the same rows."""
    return measurements(kind, uri=uri).drop(columns=list(PROVENANCE))


def database(uri: str | None = None, wait_s: float = WAIT_S) -> Database:
    """The store, made or brought up to date if need be."""
    return _database(uri or measurements_uri(), wait_s)


@lru_cache(maxsize=8)
def _postgresql(uri: str, wait_s: float) -> Database:
    return Database(uri, wait_s)


def _database(uri: str, wait_s: float) -> Database:
    # A server's connections are worth keeping; a file may be moved away or replaced between two calls.
    return Database(uri, wait_s) if uri.startswith("sqlite") else _postgresql(uri, wait_s)


def _insert(store: Database, addition: dict, rows: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Insert what is not there yet, in one transaction; frames of what was added and of what was there."""
    insert = (sqlite if store.is_sqlite else postgresql).insert(rows_table)
    insert = insert.on_conflict_do_nothing(index_elements=[rows_table.c.row_hash])
    insert = insert.returning(rows_table.c.row_hash)
    fresh: set[str] = set()
    with store.writing() as connection:
        stored = _known(connection, rows)
        new = {row["row_hash"]: row for row in reversed(rows) if row["row_hash"] not in stored}
        if new:
            number = connection.execute(sa.insert(additions).values(addition)).inserted_primary_key
            brought = [row | {"addition_id": number[0] if number else None} for row in reversed(new.values())]
            for start in range(0, len(brought), _CHUNK):
                fresh |= set(connection.execute(insert, brought[start : start + _CHUNK]).scalars())
            stored |= _known(connection, brought)
    added, already = [], []
    for row in rows:
        key = row["row_hash"]
        number, who, when = stored[key]
        if key in fresh:
            fresh.remove(key)
            added.append((row["added_row"], number))
        else:
            already.append((row["added_row"], number, who, pd.to_datetime(when, utc=True)))
    return (
        pd.DataFrame(added, columns=["row", "measurement_id"]),
        pd.DataFrame(already, columns=["row", "measurement_id", "added_by", "added_at"]),
    )


def _known(connection: sa.Connection, rows: list[dict]) -> dict[str, tuple]:
    """Row hash -> (measurement_id, added_by, added_at) of those of `rows` that are in the store."""
    columns = (rows_table.c.row_hash, rows_table.c.measurement_id, additions.c.added_by, additions.c.added_at)
    asked = sa.select(*columns).join(additions)
    hashes = sorted({row["row_hash"] for row in rows})
    found: dict[str, tuple] = {}
    for start in range(0, len(hashes), _CHUNK):
        here = asked.where(rows_table.c.row_hash.in_(hashes[start : start + _CHUNK]))
        found |= {key: (number, who, when) for key, number, who, when in connection.execute(here)}
    return found
