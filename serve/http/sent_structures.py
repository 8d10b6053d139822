"""Structures as a client sends them: texts only, for a service opens no file and imports nothing by a client's word."""

from typing import Any

import pandas as pd

from ...featurize.structure.plain_text import plain_text
from ...featurize.structure.reading import StructureError, is_path
from .problems import shortened

# Takes the place of a cell that is not handed on.
_NOTHING = "data_"


def checked_structures(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, str]]:
    """The table with its column `structure` made harmless, and the errors of its rows by place.

    Paths are refused. Of pymatgen's JSON only lattice, species and positions are handed on: site properties may name
    Python modules, which pymatgen would import.
    """
    if "structure" not in table:
        return table, {}
    cells, errors = [], {}
    for place, cell in enumerate(table["structure"]):
        try:
            cells.append(None if _is_missing(cell) else _checked(cell))
        except ValueError as error:
            cells.append(_NOTHING)
            errors[place] = str(error)
    return table.assign(structure=pd.Series(cells, index=table.index, dtype=object)), errors


def _checked(cell: Any) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"structure {shortened(cell)!r} is no text; send CIF text")
    if is_path(cell):
        raise ValueError(f"structure {shortened(cell)!r} is a path; a service opens no files, send the CIF text itself")
    try:
        return plain_text(cell)
    except StructureError as error:
        raise ValueError(
            f"structure is no JSON of a pymatgen Structure ({shortened(str(error))}); send CIF text, or "
            "json.dumps(structure.as_dict())"
        ) from error


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell)
