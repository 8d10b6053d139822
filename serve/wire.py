"""What a client sends and reads: rows as JSON, numbers to the last digit; tables back as Arrow."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..featurize.structure.reading import is_path
from ..training.store.measurements import Addition
from .http.media import records, write_json


def plain(value: Any) -> Any:
    """Tuples and arrays as JSON has them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def json_rows(table: pd.DataFrame) -> bytes:
    """Rows as JSON, numbers to the last digit."""
    return write_json(records(table))


def read_arrow(content: bytes) -> pd.DataFrame:
    """A table from an Arrow stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(pa.BufferReader(content)) as stream:
        return stream.read_all().to_pandas()


def structure_text(cell: Any) -> Any:
    """A structure as a service takes it: texts as they are, pymatgen's as JSON, files read here."""
    if hasattr(cell, "as_dict"):
        return json.dumps(cell.as_dict())
    if isinstance(cell, dict):
        return json.dumps(cell)
    is_file = isinstance(cell, Path) or (isinstance(cell, str) and is_path(cell))
    return Path(cell).read_text(encoding="utf-8", errors="replace") if is_file and Path(cell).is_file() else cell


def addition_of(told: dict[str, Any]) -> Addition:
    """What /v1/measurements answers, as `ion.add_measurements` gives it."""
    added = pd.DataFrame(told["added"], columns=["row", "measurement_id"])
    already = pd.DataFrame(told["already"], columns=["row", "measurement_id", "added_by", "added_at"])
    already["added_at"] = pd.to_datetime(already["added_at"], utc=True)
    problems = pd.DataFrame(told["problems"], columns=["row", "column", "value", "severity", "reason", "remedy"])
    return Addition(told["table"], added, already, problems, tuple(told["assumed"]), told["n_rows"])
