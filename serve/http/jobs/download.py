"""All candidates of a screen as one file, written part by part: no table of millions is ever in memory."""

import os
from pathlib import Path
from typing import Any

from ..media import CSV, ENDINGS, JSON, NDJSON, PARQUET, records, write_json
from ..problems import Problem
from ..safe_cells import guarded
from ..settings import ServiceSettings
from .folder import JobFolder

_ROWS = 65_536


def all_rows(folder: JobFolder, media: str, settings: ServiceSettings) -> Path:
    """The file to send; made once and kept with the job.

    Raises
    ------
    Problem
        413 if JSON is asked of more rows than one request may have, 503 if the disk is full.
    """
    import pyarrow.dataset as ds

    found: Any = ds.dataset(sorted(str(p) for p in folder.results.glob("part-*.parquet")), format="parquet")
    if media == JSON and found.count_rows() > settings.max_rows:
        raise Problem(413, f"{found.count_rows():,} rows are too many for one JSON; ask for NDJSON, CSV or Parquet")
    target = folder.path / f"all.{ENDINGS[media]}"
    if target.is_file():
        return target
    partial = folder.path / f".all.{ENDINGS[media]}.{os.urandom(4).hex()}.partial"
    try:
        _write(found, media, partial)
        partial.replace(target)
    except OSError as error:
        raise Problem(
            503, f"the file cannot be made ({error.strerror or error}); ask again", headers={"Retry-After": "30"}
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _write(found: Any, media: str, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    batches = found.to_batches(batch_size=_ROWS)
    if media == PARQUET:
        with pq.ParquetWriter(path, found.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        return
    with path.open("wb") as file:
        if media == CSV:
            for number, batch in enumerate(batches):
                file.write(guarded(batch.to_pandas()).to_csv(index=False, header=number == 0).encode())
        elif media == NDJSON:
            for batch in batches:
                file.write(b"".join(write_json(row) + b"\n" for row in records(batch.to_pandas())))
        elif media == JSON:
            file.write(write_json({"rows": [row for batch in batches for row in records(batch.to_pandas())]}))
        else:
            with pa.ipc.new_stream(file, found.schema) as stream:
                for batch in batches:
                    stream.write_batch(batch)
