"""Structures that rows bring along: their compositions where there is no formula, their features where models ask."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..composition import CompositionBatch
from .batch import StructureBatch
from .plain_text import plain_text
from .reading import StructureError, is_path


@dataclass(frozen=True)
class Given:
    """Compositions of n rows, features (n, q) of their structures, and what is wrong with a structure (n,), or None.

    `features` is None where no model asks for them or no row has any.
    """

    batch: CompositionBatch
    features: np.ndarray | None
    errors: np.ndarray


def read_given(table: pd.DataFrame, features: bool, open_files: bool = True) -> Given:
    """Read the columns formula and structure of a table.

    Parameters
    ----------
    table : DataFrame
        n rows with `formula`, perhaps with `structure` (pymatgen Structure, its JSON, CIF text or path).
    features : bool
        Whether structures are asked for their features; if not, those beside a formula are not looked at.
    open_files : bool
        Whether a text may name a file, and JSON what is to be imported; else such a cell is its row's error.
    """
    batch = CompositionBatch.from_formulas(table["formula"])
    errors = np.full(len(batch), None, dtype=object)
    if "structure" not in table:
        return Given(batch, None, errors)
    alone = table["formula"].isna().to_numpy()
    has = table["structure"].notna().to_numpy()
    asked = np.flatnonzero(has & (alone | features))
    if not asked.size:
        return Given(batch, None, errors)
    cells = list(table["structure"].iloc[asked])
    structures = StructureBatch.coerce(cells) if open_files else structures_of_texts(cells)
    order = np.arange(len(batch))
    order[has & alone] = len(batch) + np.flatnonzero(alone[asked])
    both = CompositionBatch.concat([batch, structures.compositions]).take(order)
    if not features:
        return Given(both, None, errors)
    from .features import StructureFeatures

    found = StructureFeatures(dtype="float32").table(structures)
    errors[asked] = structures.errors
    unusable = structures.is_readable & ~np.isfinite(found.matrix).any(axis=1)
    errors[asked[unusable]] = found.errors[unusable]
    # A structure of something else than the formula says would speak of another material.
    other = structures.is_readable & both.is_readable[asked] & ~structures.agrees(both.take(asked))
    for place in np.flatnonzero(other):
        row = asked[place]
        errors[row] = (
            f"structure is of {structures.compositions.formulas[place]}, but the formula is {both.formulas[row]}; "
            "give the structure of this composition, or leave it out"
        )
    matrix = np.full((len(batch), len(found.names)), np.nan, dtype=np.float32)
    matrix[asked] = found.matrix
    return Given(both, matrix, errors)


def structures_of_texts(cells: list) -> StructureBatch:
    """Structures of texts that somebody else wrote: no file is opened and nothing imported by their word."""
    texts, refused = [], {}
    for place, cell in enumerate(cells):
        try:
            if is_path(str(cell)):
                raise StructureError(f"structure {str(cell)[:80]!r} is a path; give the CIF text itself")
            texts.append(plain_text(str(cell)))
        except StructureError as error:
            texts.append(None)
            refused[place] = str(error)
    batch = StructureBatch.coerce(texts)
    errors = batch.errors.copy()
    for place, reason in refused.items():
        errors[place] = reason
    return StructureBatch(batch.structures, errors)
