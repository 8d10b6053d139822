"""A user's file as a candidate space: any stretch of its rows, without reading the rest."""

import hashlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ..tables import TableError, ending
from .candidates import CandidateSpace

# Rows of a CSV file between two noted positions: what is read at least for any row.
STRIDE = 16_384


def file_space(path: str | Path) -> "FileSpace":
    """Take the rows of a CSV or Parquet file with a column `formula` as candidates.

    Parquet is read by row groups. A CSV file is gone through once to note where its rows begin. Other columns are
    carried through as facts; rows whose formula cannot be read stay in their place, with the error.

    Parameters
    ----------
    path : str or Path
        .csv or .parquet.

    Raises
    ------
    TableError
        If the file is missing, of another kind, or has no column `formula`.
    """
    return FileSpace(Path(path))


class FileSpace(CandidateSpace):
    """Rows of a table on disk; `file_space` opens one."""

    def __init__(self, path: Path):
        kind = ending(path)
        if not path.is_file():
            raise TableError(f"{path}: no such file")
        if kind == ".csv.gz":
            raise TableError(f"{path}: a compressed CSV cannot be entered in the middle; unpack it or write Parquet")
        self.path = path
        try:
            self._rows: _ParquetRows | _CsvRows = _ParquetRows(path) if kind == ".parquet" else _CsvRows(path)
        except (ValueError, OSError, UnicodeDecodeError) as error:
            raise TableError(f"{path}: cannot be read as {kind}: {error}") from error
        if "formula" not in self._rows.columns:
            raise TableError(f"{path}: needs a column 'formula'; it has {', '.join(self._rows.columns)}")
        with path.open("rb") as file:
            self._hash = hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self._rows.starts[-1])

    @property
    def description(self) -> dict[str, Any]:
        """The hash of the content: the same table has the same digest wherever it lies."""
        return {"kind": "file", "sha256": self._hash}

    def remedy(self) -> str:
        """What to change to make the space smaller."""
        return "a shorter file"

    def pick(self, positions: np.ndarray) -> tuple[pd.DataFrame, CompositionBatch]:
        """Rows by position (n,) int, ascending: their other columns and their compositions."""
        starts = self._rows.starts
        groups = np.searchsorted(starts, positions, side="right") - 1
        parts = [
            self._rows.group(int(number)).iloc[positions[groups == number] - starts[number]]
            for number in np.unique(groups)
        ]
        if not parts:  # of the kinds that other stretches have
            parts = [self._rows.group(0)[:0] if len(starts) > 1 else pd.DataFrame(columns=self._rows.columns)]
        table = pd.concat(parts, ignore_index=True)
        batch = CompositionBatch.from_formulas(table["formula"].tolist())
        # Ids are ours, so that the same formula has the same id in every space.
        return table.drop(columns=["formula", "candidate_id"], errors="ignore"), batch


class _ParquetRows:
    """Row groups of a Parquet file; the last few are kept."""

    def __init__(self, path: Path):
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            meta = file.metadata
            self.columns = file.schema_arrow.names
        self.starts = np.cumsum([0, *(meta.row_group(i).num_rows for i in range(meta.num_row_groups))])
        self._path = path
        self.group = lru_cache(maxsize=2)(self._group)

    def _group(self, number: int) -> pd.DataFrame:
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._path) as file:
            return file.read_row_group(number).to_pandas()


class _CsvRows:
    """Stretches of `STRIDE` rows of a CSV file; the last few are kept."""

    def __init__(self, path: Path):
        self._path = path
        self._positions, self.starts = [], [0]
        rows = 0
        with path.open("rb") as file:
            self._header = _record(file)
            while True:
                position = file.tell()
                if not (record := _record(file)):
                    break
                if not record.strip():
                    continue  # pandas leaves blank lines out too
                if rows % STRIDE == 0:
                    self._positions.append(position)
                rows += 1
        self._positions.append(position)
        self.starts = np.append(np.arange(0, rows, STRIDE), rows)
        # One kind for each column over the whole file: text, so that a stretch never guesses differently.
        if not self._header.strip():
            raise ValueError("the file is empty; the first line must name the columns, e.g. 'formula'")
        self.columns = self._read(b"").columns.tolist()
        self.group = lru_cache(maxsize=2)(self._group)

    def _group(self, number: int) -> pd.DataFrame:
        with self._path.open("rb") as file:
            file.seek(self._positions[number])
            return self._read(file.read(self._positions[number + 1] - self._positions[number]))

    def _read(self, body: bytes) -> pd.DataFrame:
        options = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""], "dtype": str}
        return pd.read_csv(BytesIO(self._header + body), **options)


def _record(file: Any) -> bytes:
    """The next row, which a quoted line break may spread over several lines."""
    record = file.readline()
    while record.count(b'"') % 2 and (more := file.readline()):
        record += more
    return record
