"""Rows of the store that models learn from."""

import pandas as pd

from ...models.arrhenius import REFERENCE_C
from ..data.columns import text
from ..data.given_structures import COLUMN
from ..data.kinds import TABLES
from ..data.sources import load_curated, training_rows
from .measurements import measurements
from .rows import to_rows


def stored_rows(uri: str | None = None, mobile_ion: str = "Na") -> pd.DataFrame:
    """Rows of the store for training, in the order they came; as `train.measured_rows`, with row_hash.

    Rows that the curated table holds word for word are left out (`stored_structures` has their structures), and rows
    that the store holds a second time with a structure. There is a column `structure` if a row has one. `row` is the
    measurement_id, `table` is "store". Rows without a DOI or address count as one source if one person brought them in
    one file.
    """
    stored = measurements("electrolyte", uri=uri)
    stored = stored[stored["mobile_ion"].eq(mobile_ion)]
    said = _hashes_without_structure(stored)
    with_structure = text(stored, COLUMN).ne("")
    said_again = ~with_structure & said.isin(said[with_structure])
    stored = stored[~said.isin(_curated_hashes()) & ~said_again]
    stored = stored.set_index(pd.Index(stored["measurement_id"], name="row"))
    own = stored[list(TABLES["electrolyte"].columns)]
    rows = pd.concat([training_rows(target, [own]) for target in ("conductivity", "activation_energy")])
    rows = rows.drop_duplicates("row").sort_values("row", ignore_index=True)
    brought = stored["added_by"] + ": " + stored["added_from"]
    unnamed = rows["group_source"].eq("table 1:row " + rows["row"].astype(str))
    rows["group_source"] = rows["group_source"].mask(unnamed, rows["row"].map(brought))
    rows["row_hash"] = rows["row"].map(stored["row_hash"])
    if text(stored, COLUMN).ne("").any():
        rows[COLUMN] = rows["row"].map(stored[COLUMN])
    return rows.assign(table="store").fillna({"temperature_C": REFERENCE_C})


def stored_structures(uri: str | None = None) -> pd.Series:
    """Structures that the store holds for rows of the curated table: text by the row of that table, the last added."""
    stored = measurements("electrolyte", uri=uri)
    stored = stored[text(stored, COLUMN).ne("")]
    rows = _hashes_without_structure(stored).map(_curated_hashes())
    found = pd.Series(text(stored, COLUMN).to_numpy(object), index=rows.to_numpy(), dtype=object)
    found = found[found.index.notna()]
    return found[~found.index.duplicated(keep="last")]


def _hashes_without_structure(stored: pd.DataFrame) -> pd.Series:
    """What `row_hash` would be if rows had no structure; index as in `stored`."""
    bare = stored.drop(columns=COLUMN, errors="ignore").set_index("measurement_id")
    return pd.Series([row["row_hash"] for row in to_rows(bare, "electrolyte")], index=stored.index, dtype=object)


def _curated_hashes() -> dict[str, int]:
    """Hash -> row of the curated table."""
    rows = to_rows(load_curated("sodium_electrolytes"), "electrolyte")
    return {row["row_hash"]: row["added_row"] for row in rows}
