"""Parquet and Arrow bodies, read within limits: what a few kilobytes may grow into is known before it is grown."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .arrow_messages import check_uncompressed
from .problems import Problem
from .settings import ServiceSettings
from .table_limits import check_columns, check_rows, unreadable


def read_parquet(body: bytes, settings: ServiceSettings) -> pd.DataFrame:
    """A Parquet file in memory as a table.

    Raises
    ------
    Problem
        400 if it is none, 413 if it declares or holds too much.
    """
    try:
        source = pa.BufferReader(body)
        about = pq.read_metadata(source)
        check_rows(about.num_rows, settings)
        check_columns(about.num_columns, settings)
        declared = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        _check_bytes(declared, settings)
        schema = about.schema.to_arrow_schema()
        _check_types(schema)
        texts = [field.name for field in schema if _is_text(field.type)]
        file = pq.ParquetFile(source, read_dictionary=texts)
        batches, rows = [], 0
        for batch in file.iter_batches(65_536):
            rows += batch.num_rows
            check_rows(rows, settings)
            batches.append(batch)
        return _frame(pa.Table.from_batches(batches, file.schema_arrow), settings)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise unreadable(f"the Parquet cannot be read: {_first_line(error)}") from error


def read_arrow(body: bytes, settings: ServiceSettings) -> pd.DataFrame:
    """An Arrow stream or file in memory as a table.

    Raises
    ------
    Problem
        400 if it is none, 413 if it holds too much, 415 if its buffers are compressed.
    """
    # A file is a stream between a mark and a footer.
    body = body[8:] if body.startswith(b"ARROW1") else body
    try:
        check_uncompressed(body)
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            _check_types(stream.schema)
            table = stream.read_all()
        check_rows(table.num_rows, settings)
        check_columns(table.num_columns, settings)
        table.validate(full=True)
        return _frame(table, settings)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise unreadable(f"the Arrow stream cannot be read: {_first_line(error)}") from error


def _frame(table: pa.Table, settings: ServiceSettings) -> pd.DataFrame:
    """As pandas, with dictionaries written out where that stays within the limit."""
    size, columns = 0, []
    for column in table.columns:
        plain = column
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                lengths = (
                    pc.fill_null(pc.call_function("binary_length", [chunk.dictionary]), 0)
                    if _is_text(column.type.value_type)
                    else 8
                )
                each = np.asarray(lengths) if not isinstance(lengths, int) else np.full(len(chunk.dictionary), 8)
                counts = np.bincount(np.asarray(chunk.indices.drop_null()), minlength=len(each))
                size += int((counts * each).sum())
            _check_bytes(size, settings)
            plain = column.cast(column.type.value_type)
        else:
            size += column.nbytes
            _check_bytes(size, settings)
        columns.append(plain)
    # The pandas metadata of a file is the sender's word; the columns alone are taken.
    frame = pa.Table.from_arrays(columns, names=table.column_names).to_pandas()
    return frame.reset_index(drop=True)


def _check_types(schema: pa.Schema) -> None:
    for field in schema:
        kind: Any = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        plain = pa.types.is_primitive(kind) or _is_text(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind)
        if not plain:
            raise unreadable(
                f"column {field.name!r} is of type {field.type}; send texts, numbers, booleans or times",
                field=field.name,
            )


def _is_text(kind: Any) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _check_bytes(size: int, settings: ServiceSettings) -> None:
    if size > settings.max_inflated_bytes:
        raise Problem(
            413, f"the table takes {size:,} bytes in memory; send at most {settings.max_inflated_bytes:,} at a time"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
