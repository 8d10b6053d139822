"""Features kept on disk, so that what takes a tenth of a second is worked out once; several processes may share a file.

Worth it for structures (about 0.1 to 0.3 s each); compositions cost less to compute than to look up. The file is an
SQLite database in WAL mode, which lets many read while one writes; SQLite asks that it lie on a disk of this machine,
not on a network drive (https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .composition import CompositionBatch
from .transformer import FeatureTable, FeatureTransformer

# SQLite writes these two numbers into the file's header (pragmas application_id and user_version): "ionF", layout 1.
APPLICATION_ID = 0x696F6E46
LAYOUT = 1
LOCK_SECONDS = 60.0  # how long to wait for another process to finish writing
_KEYS_A_QUERY = 500  # below SQLite's lowest limit of 999 variables a statement
FIRST_SLICE, _SLICE_SECONDS = 8, 2.0  # rows worked out between two writes: doubled while they take less than this
# What decides over the numbers besides our own code.
LIBRARIES = ("numpy", "scipy", "spglib", "pymatgen", "matminer")
# A row of each chemistry whose columns come from different tables, and crystals with and without disorder.
PROBE_FORMULAS = ("Na3.4Sc0.4Zr1.6Si2PO12", "Na2.88Sb0.88W0.12S4", "Na2B12H12", "Na0.1Ca0.05La0.02F1.2I0.3Br0.2")
PROBE_HOSTS = ("Na2.9375PS3.9375Cl0.0625", "Na3AlF6")


class FeatureStoreError(RuntimeError):
    """The file of a feature store cannot be used; the message says why and what to do."""


class StoredFeatures(FeatureTransformer):
    """A transformer that looks rows up in a file first, and writes down what it had to compute.

    A row that is found equals the row that was computed to the last bit. It is found by a hash of the amounts, or of
    the cell, positions and occupancies, as given, and by the feature version (`feature_version`): rows of another
    version, or of the same transformer with other parameters, are never returned. Unreadable rows are not kept.

    Parameters
    ----------
    transformer : FeatureTransformer
        What computes the features, for example `StructureFeatures()`.
    path : str or pathlib.Path
        Of the file; made, with its folder, at the first use. Several processes and transformers may share it.

    Examples
    --------
    >>> import tempfile
    >>> from ionscout.featurize import StructureFeatures, host_structure
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     features = StoredFeatures(StructureFeatures(groups=["geometry"]), f"{folder}/features.sqlite")
    ...     computed = features.transform([host_structure("Na3PS4")])
    ...     found = features.transform([host_structure("Na3PS4")])
    >>> bool((computed == found).all())
    True
    """

    def __init__(self, transformer: FeatureTransformer, path: str | Path):
        self.transformer = transformer
        self.path = path

    def coerce(self, X: Any) -> Any:
        """Make the batch that the transformer reads."""
        return self.transformer.coerce(X)

    def feature_names(self) -> list[str]:
        """Names of the columns."""
        return self.transformer.feature_names()

    def continuous_features(self) -> np.ndarray:
        """Which columns are continuous in their input, bool ndarray."""
        return self.transformer.continuous_features()

    def table(self, X: Any) -> FeatureTable:
        """Look up or compute the columns, with the reason wherever they are missing.

        Raises
        ------
        FeatureStoreError
            If the file is damaged, belongs to something else, or cannot be written.
        """
        batch = self.coerce(X)
        kind = feature_version(self.transformer)
        keys = batch.digests()
        names = self.feature_names()
        matrix = np.full((len(batch), len(names)), np.nan, dtype=kind.dtype)
        errors = np.array(batch.errors, dtype=object, copy=True)
        rows_of: dict[bytes, list[int]] = {}
        for row in np.flatnonzero(batch.is_readable).tolist():
            rows_of.setdefault(keys[row], []).append(row)
        with _opened(Path(self.path)) as connection:
            found = _look_up(connection, Path(self.path), kind, list(rows_of))
            missing = np.array([rows[0] for key, rows in rows_of.items() if key not in found], dtype=np.intp)
            done, size = 0, FIRST_SLICE
            while done < len(missing):
                start = time.perf_counter()
                part = missing[done : done + size]
                computed = self.transformer.table(batch[part])
                new = {
                    keys[row]: (values, error)
                    for row, values, error in zip(part, computed.matrix, computed.errors, strict=True)
                }
                _write(connection, kind, new)
                found |= new
                done += len(part)
                size *= 2 if time.perf_counter() - start < _SLICE_SECONDS else 1
        for key, rows in rows_of.items():
            matrix[rows], error = found[key]
            errors[rows] = error
        return FeatureTable(matrix, errors, names)

    def __sklearn_tags__(self):
        return self.transformer.__sklearn_tags__()


class FeatureVersion(NamedTuple):
    """What rows of a store belong to: a hash of the features' definition, and how a row is stored."""

    digest: str
    dtype: np.dtype
    columns: int


def feature_version(transformer: FeatureTransformer) -> FeatureVersion:
    """Version of a transformer's features: changes whenever any number might.

    Hashed are the class, its parameters, the column names, the features of a few probes to the last bit, and the
    versions of the libraries that decide over the numbers (`LIBRARIES`).

    Examples
    --------
    >>> from ionscout.featurize import MagpieFeatures
    >>> feature_version(MagpieFeatures()).digest == feature_version(MagpieFeatures(dtype="float32")).digest
    False
    """
    parameters = {name: repr(value) for name, value in transformer.get_params().items()}
    names = transformer.feature_names()
    libraries = {name: version(name) for name in LIBRARIES}
    said = json.dumps([type(transformer).__qualname__, parameters, names, libraries], sort_keys=True)
    if said not in _versions:
        probes = transformer.compute(_probes(transformer))
        digest = hashlib.sha256(said.encode())
        digest.update(str(probes.dtype).encode() + np.ascontiguousarray(probes).tobytes())
        _versions[said] = FeatureVersion(digest.hexdigest(), probes.dtype, len(names))
    return _versions[said]


_versions: dict[str, FeatureVersion] = {}  # probing takes some 0.2 s for structures: once a process


def _probes(transformer: FeatureTransformer) -> Any:
    if isinstance(transformer.coerce([]), CompositionBatch):
        return CompositionBatch.from_formulas(PROBE_FORMULAS)
    from .structure.hosts import host_structure

    return transformer.coerce([host_structure(name) for name in PROBE_HOSTS])


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Connection to the store at `path`, made if need be; SQLite's errors come out as `FeatureStoreError`."""
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FeatureStoreError(f"folder of feature store {str(path)!r} cannot be made: {error}") from error
    try:
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
        _check_or_make(connection, path)
        yield connection
    except sqlite3.DatabaseError as error:
        remedy = "if the file is damaged or no feature store, delete it or name another"
        raise FeatureStoreError(f"feature store {str(path)!r}: {error}; {remedy}") from error
    finally:
        if connection is not None:
            connection.close()


def _check_or_make(connection: sqlite3.Connection, path: Path) -> None:
    if _is_empty(connection):
        _set_wal(connection)
        connection.execute("BEGIN IMMEDIATE")  # of two processes that find the file empty, the second waits here
        if _is_empty(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
            connection.execute(
                "CREATE TABLE features (version TEXT, key BLOB, error TEXT, row BLOB NOT NULL,"
                " checksum INTEGER NOT NULL, PRIMARY KEY (version, key)) WITHOUT ROWID"
            )
        connection.execute("COMMIT")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise FeatureStoreError(f"{str(path)!r} is a database, but no feature store; name another file")
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout != LAYOUT:
        raise FeatureStoreError(
            f"feature store {str(path)!r} has layout {layout}, this ionscout writes {LAYOUT}; delete it or name another"
        )


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def _set_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode; SQLite does not wait by itself while another process does the same."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _look_up(
    connection: sqlite3.Connection, path: Path, kind: FeatureVersion, keys: list[bytes]
) -> dict[bytes, tuple[np.ndarray, str | None]]:
    found = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        part = keys[start : start + _KEYS_A_QUERY]
        marks = ",".join("?" * len(part))
        query = f"SELECT key, error, row, checksum FROM features WHERE version = ? AND key IN ({marks})"
        for key, error, row, checksum in connection.execute(query, [kind.digest, *part]):
            if zlib.crc32(key + row) != checksum or len(row) != kind.columns * kind.dtype.itemsize:
                raise FeatureStoreError(f"feature store {str(path)!r}: a row is damaged; delete the file")
            found[key] = np.frombuffer(row, dtype=kind.dtype), error
    return found


def _write(
    connection: sqlite3.Connection, kind: FeatureVersion, rows: dict[bytes, tuple[np.ndarray, str | None]]
) -> None:
    """Write rows down, all or none; where another process was quicker its rows, which are the same, stay."""
    entries = [
        (kind.digest, key, error, blob := values.astype(kind.dtype).tobytes(), zlib.crc32(key + blob))
        for key, (values, error) in rows.items()
    ]
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany("INSERT OR IGNORE INTO features VALUES (?, ?, ?, ?, ?)", entries)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
