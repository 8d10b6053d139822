"""A folder of results on disk that grows part by part, survives a kill, and is readable at any moment."""

import json
from pathlib import Path

import pandas as pd

from ..whole_file import write_whole
from .stretch import Judged

FORMAT = 1
_STATE = "_screen.json"


class ResultsError(ValueError):
    """A folder of results is of another screen, or damaged."""


class Results:
    """Parts of a screen in a folder: `part-00000000.parquet` with every row, and what was kept of each part.

    pandas, pyarrow, dask and Spark read the folder as one table; names that begin with an underscore are not part of
    it. A file takes its name only when it is whole.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    asked : dict
        What the screen was asked, in JSON types; a folder is gone on with only under the same question.

    Raises
    ------
    ResultsError
        If the folder holds something else, saying what differs.
    """

    def __init__(self, folder: Path, asked: dict):
        self.folder = folder
        asked = {"format": FORMAT, **asked}
        state = folder / _STATE
        if folder.is_file():
            raise ResultsError(f"{folder}: is a file; results are a folder of Parquet files")
        if state.is_file():
            self._check(state, asked)
        elif folder.is_dir() and any(folder.iterdir()):
            raise ResultsError(f"{folder}: holds other files; name a new folder")
        write_whole(state, json.dumps(asked, indent=1, sort_keys=True))
        (folder / "_kept").mkdir(exist_ok=True)

    def done(self, part: int) -> Judged | None:
        """What was kept of a finished part; None if it is not finished.

        Raises
        ------
        ResultsError
            If its files are damaged.
        """
        import pyarrow.parquet as pq

        data, kept = self._paths(part)
        if not kept.is_file():
            return None
        try:
            table = pq.read_table(kept)
            facts = json.loads((table.schema.metadata or {})[b"ionscout"])
            with pq.ParquetFile(data) as file:
                rows = file.metadata.num_rows
        except (OSError, ValueError, KeyError) as error:
            raise ResultsError(
                f"{kept.parent.parent}: part {part} is damaged ({error}); delete {data.name} and _kept/{kept.name} to "
                "have it worked out again"
            ) from error
        if rows != facts["candidates"]:
            raise ResultsError(
                f"{data}: holds {rows:,} rows, not {facts['candidates']:,}; delete it and _kept/{kept.name} to have "
                "the part worked out again"
            )
        return Judged(pd.DataFrame(), table.to_pandas(), facts["refused"], facts["candidates"])

    def add(self, part: int, judged: Judged) -> None:
        """Write a finished part: its rows first, then what says that it is finished."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        data, kept = self._paths(part)
        facts = json.dumps({"refused": judged.refused, "candidates": judged.candidates}, sort_keys=True)
        for path, frame in ((data, judged.rows), (kept, judged.kept)):
            table = pa.Table.from_pandas(_typed(frame), preserve_index=False)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"ionscout": facts.encode()})
            partial = path.with_name(f".{path.name}.partial")
            try:
                pq.write_table(table, partial)
                partial.replace(path)
            except OSError as error:
                partial.unlink(missing_ok=True)
                raise OSError(
                    f"{path}: cannot be written ({error.strerror or error}); the finished parts in {self.folder} are "
                    "readable, and the same command goes on after them"
                ) from error

    def finish(self, ranking: pd.DataFrame) -> None:
        """Write the ranking of the best beside the parts."""
        partial, path = self.folder / "._ranking.partial", self.folder / "_ranking.parquet"
        try:
            ranking.to_parquet(partial, index=False)
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OSError(
                f"{path}: cannot be written ({error.strerror or error}); all parts in {self.folder} are finished, and "
                "the same command goes on from there"
            ) from error

    def _paths(self, part: int) -> tuple[Path, Path]:
        name = f"part-{part:08d}.parquet"
        return self.folder / name, self.folder / "_kept" / name

    def _check(self, state: Path, asked: dict) -> None:
        try:
            before = json.loads(state.read_text())
        except (OSError, ValueError) as error:
            raise ResultsError(
                f"{state}: cannot be read ({error}); the parts beside it are whole, but nothing says of which screen: "
                "name a new folder"
            ) from error
        differs = [key for key in sorted({*before, *asked}) if before.get(key) != asked.get(key)]
        if differs:
            key = differs[0]
            raise ResultsError(
                f"{self.folder}: holds results of another screen ({key} was {before.get(key)!r}, now "
                f"{asked.get(key)!r}); name a new folder, or delete this one"
            )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns without a value in this part as text, as they may be in others: all parts have one schema."""
    return frame.astype({c: "string" for c in frame if frame[c].dtype == object})
