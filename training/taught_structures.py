"""Features of the structures that measured rows bring along, kept on disk: they take a fifth of a second each."""

import logging

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.store import StoredFeatures
from ..featurize.structure.batch import StructureBatch
from ..featurize.structure.features import StructureFeatures
from ..featurize.structure.given import structures_of_texts
from ..models.structure_correction import has_structure
from .home import home

log = logging.getLogger(__name__)


def taught_structures(rows: pd.DataFrame, batch: CompositionBatch) -> np.ndarray | None:
    """Features (n, q) float32 of the rows' structures, NaN where there is none or it cannot be used.

    Parameters
    ----------
    rows : DataFrame
        n rows, perhaps with a column `structure` of CIF or JSON texts. A path is not opened.
    batch : CompositionBatch
        What the rows say they are made of; a structure of something else is left out.

    Returns
    -------
    ndarray or None
        None where no row has features.
    """
    given = np.flatnonzero(rows["structure"].notna()) if "structure" in rows else np.empty(0, dtype=np.intp)
    if not given.size:
        return None
    texts, which = np.unique(rows["structure"].iloc[given].to_numpy(object).astype(str), return_inverse=True)
    distinct = structures_of_texts(texts.tolist())
    features = StoredFeatures(StructureFeatures(dtype="float32"), home() / "structure_features.sqlite")
    found = features.table(distinct)
    structures = StructureBatch(distinct.structures[which], distinct.errors[which])
    useful = has_structure(found.matrix)[which]
    agrees = useful & structures.agrees(batch.take(given))
    for place in np.flatnonzero(~agrees):
        reason = found.errors[which[place]] if not useful[place] else "it is of another composition"
        log.warning("%s: its structure is left out: %s", rows["formula"].iloc[given[place]], reason)
    if not agrees.any():
        return None
    out = np.full((len(rows), len(found.names)), np.nan, dtype=np.float32)
    out[given[agrees]] = found.matrix[which[agrees]]
    return out
