"""The column `structure` of a measurement table: texts that hold the structure itself, checked before they are kept."""

import pandas as pd

from ...featurize.structure.given import structures_of_texts
from ...featurize.structure.plain_text import structure_text
from ...featurize.structure.reading import StructureError, is_path
from .columns import compositions
from .fields import ERROR
from .reading import problems

COLUMN = "structure"
_REMEDY = "give CIF text, a path or a pymatgen Structure; the name of a phase belongs into structure_label"


def with_structure_texts(valid: pd.DataFrame, open_files: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with its structures as text, and the problems of those that cannot be used.

    Parameters
    ----------
    valid : DataFrame
        Valid rows with a column `formula`, perhaps with `structure` (pymatgen Structure, its JSON, CIF text or path).
    open_files : bool
        Whether a cell may name a file; what is kept is what the file holds.

    Returns
    -------
    table, problems : DataFrame
        Rows with a structure that cannot be read, or that is of another composition, have a problem of severity error.
    """
    if COLUMN not in valid:
        return valid, problems([])
    texts: dict[int, str] = {}
    found = []
    for number, cell in valid[COLUMN][valid[COLUMN].notna()].items():
        row = int(str(number))
        try:
            if not open_files and isinstance(cell, str) and is_path(cell):
                raise StructureError("a path; send the CIF text itself")
            texts[row] = structure_text(cell)
        except (StructureError, OSError) as error:
            found.append((row, COLUMN, str(cell)[:80], ERROR, f"structure cannot be read: {error}", _REMEDY))
    batch = structures_of_texts(list(texts.values()))
    agrees = batch.agrees(compositions(valid["formula"].loc[list(texts)]))
    for place, (row, text) in enumerate(texts.items()):
        if batch.errors[place] is None and agrees[place]:
            continue
        reason = batch.errors[place] or f"structure is of {batch.compositions.formulas[place]}, not of the formula"
        found.append((row, COLUMN, text[:80], ERROR, reason, _REMEDY))
    kept = pd.Series([texts.get(row) for row in valid.index], index=valid.index, dtype=object)
    return valid.assign(**{COLUMN: kept}), problems(found)
