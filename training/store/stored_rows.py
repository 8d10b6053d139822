"""Rows of the store that models learn from."""

import pandas as pd

from ...models.arrhenius import REFERENCE_C
from ..data.kinds import TABLES
from ..data.sources import load_curated, training_rows
from .measurements import measurements
from .rows import to_rows


def stored_rows(uri: str | None = None, mobile_ion: str = "Na") -> pd.DataFrame:
    """Rows of the store for training, in the order they came; as `train.measured_rows`, with row_hash.

    Rows that the curated table holds word for word are left out. `row` is the measurement_id, `table` is "store". Rows
    without a DOI or address count as one source if one person brought them in one file.
    """
    stored = measurements("electrolyte", uri=uri)
    curated = {row["row_hash"] for row in to_rows(load_curated("sodium_electrolytes"), "electrolyte")}
    stored = stored[stored["mobile_ion"].eq(mobile_ion) & ~stored["row_hash"].isin(curated)]
    stored = stored.set_index(pd.Index(stored["measurement_id"], name="row"))
    own = stored[list(TABLES["electrolyte"].columns)]
    rows = pd.concat([training_rows(target, [own]) for target in ("conductivity", "activation_energy")])
    rows = rows.drop_duplicates("row").sort_values("row", ignore_index=True)
    brought = stored["added_by"] + ": " + stored["added_from"]
    unnamed = rows["group_source"].eq("table 1:row " + rows["row"].astype(str))
    rows["group_source"] = rows["group_source"].mask(unnamed, rows["row"].map(brought))
    rows["row_hash"] = rows["row"].map(stored["row_hash"])
    return rows.assign(table="store").fillna({"temperature_C": REFERENCE_C})
