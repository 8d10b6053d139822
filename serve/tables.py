"""Tables in and out of files: CSV or Parquet by the file's ending, streamed where they are large."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

ENDINGS = (".csv", ".csv.gz", ".parquet")


class TableError(ValueError):
    """A file cannot be read or written as a table."""


def ending(path: Path) -> str:
    """The kind of table a path names.

    Raises
    ------
    TableError
        If it is neither CSV nor Parquet.
    """
    for known in ENDINGS:
        if path.name.lower().endswith(known):
            return known
    raise TableError(f"{path}: write and read tables as {', '.join(ENDINGS)}")


def read_chunks(path: Path, rows: int, *, as_typed: bool = False) -> Iterator[pd.DataFrame]:
    """Yield a table `rows` at a time; numbering of the index goes on from chunk to chunk.

    Parameters
    ----------
    path : Path
        CSV or Parquet.
    rows : int
        Rows of a chunk.
    as_typed : bool
        Leave every CSV cell the text it is, so that columns carried through come out as they went in.

    Raises
    ------
    TableError
        If the file is missing, empty, or not of the kind its ending says.
    """
    kind = ending(path)
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    try:
        if kind == ".parquet":
            import pyarrow.parquet as pq

            start = 0
            for batch in pq.ParquetFile(path).iter_batches(rows):
                chunk = batch.to_pandas()
                chunk.index = pd.RangeIndex(start, start + len(chunk))
                start += len(chunk)
                yield chunk
        else:
            # Only an empty cell is missing: "NaN" typed as a formula must come back as an error with its text.
            options = {"encoding": "utf-8-sig", "keep_default_na": False, "na_values": [""]}
            with pd.read_csv(path, chunksize=rows, dtype=str if as_typed else None, **options) as reader:
                for chunk in reader:
                    if not isinstance(chunk.index, pd.RangeIndex):
                        # pandas takes what a first row is longer by than the header for names of the rows.
                        raise TableError(
                            f"{path}: the first row has more cells than the header; quote texts with commas"
                        )
                    yield chunk
    except pd.errors.EmptyDataError:
        raise TableError(f"{path}: the file is empty; the first line must name the columns, e.g. 'formula'") from None
    except (pd.errors.ParserError, UnicodeDecodeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{path}: cannot be read as {kind}: {error}") from error


class TableWriter:
    """Writes chunks to one file, which takes its name only when it is whole.

    Parameters
    ----------
    path : Path
        Target; CSV or Parquet by its ending.
    """

    def __init__(self, path: Path):
        self.path = path
        self.kind = ending(path)
        self._partial = path.with_name(f".{path.name}.partial")
        self._stream: Any = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._partial.unlink(missing_ok=True)
        return self

    def write(self, chunk: pd.DataFrame) -> None:
        """Append a chunk; all chunks have the same columns.

        Raises
        ------
        OSError
            Naming the file, if it cannot be written, as on a full disk.
        """
        try:
            self._write(chunk)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OSError:
        return OSError(f"{self.path}: cannot be written ({os.strerror(error.errno) if error.errno else error})")

    def _write(self, chunk: pd.DataFrame) -> None:
        import pyarrow as pa

        # A column without a value in this chunk may have texts in the next; Arrow would call it null and then refuse.
        empty = {c: "string" for c in chunk if chunk[c].dtype == object and chunk[c].isna().all()}
        chunk = chunk.astype(empty)
        # Cells typed in a CSV and defaults filled in beside them: texts and numbers in one column, which Arrow refuses.
        for column in [c for c in chunk if chunk[c].dtype == object]:
            if pd.api.types.infer_dtype(chunk[column]).startswith("mixed"):
                chunk[column] = chunk[column].map(_as_text, na_action="ignore")
        table = pa.Table.from_pandas(chunk, preserve_index=False)
        if self.kind == ".parquet":
            self._write_parquet(table)
        else:
            self._write_csv(table, chunk)

    def _write_parquet(self, table: Any) -> None:
        import pyarrow.parquet as pq

        if self._stream is None:
            self._stream = pq.ParquetWriter(self._partial, table.schema)
        self._stream.write_table(table.cast(self._stream.schema))

    def _write_csv(self, table: Any, chunk: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.csv as pc

        header = self._stream is None
        if header:
            self._stream = pa.output_stream(str(self._partial), compression="gzip" if self.kind == ".csv.gz" else None)
        buffer = pa.BufferOutputStream()
        try:
            # Arrow writes ten times faster than pandas, but quotes every text or none.
            pc.write_csv(
                table, buffer, pc.WriteOptions(include_header=header, quoting_style="none", quoting_header="none")
            )
            self._stream.write(buffer.getvalue())
        except pa.ArrowInvalid:
            self._stream.write(chunk.to_csv(index=False, header=header).encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = kind is not None or self._stream is None
        try:
            if self._stream is not None:
                self._stream.close()
            if not failed:
                self._partial.replace(self.path)
        except OSError as last:
            # What is buffered may meet the full disk only now; an error that came before says more.
            failed = True
            if kind is None:
                raise self._unwritable(last) from last
        finally:
            if failed:
                self._partial.unlink(missing_ok=True)


def _as_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else f"{cell:g}" if isinstance(cell, float) else str(cell)
