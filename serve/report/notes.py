"""What a reader must know beside a ranking: who is out of domain and why, what was refused, which models spoke."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch
from ...featurize.elements import INDEX
from ...featurize.family import FAMILIES, family_codes
from ...models.arrhenius import ArrheniusModel
from ...models.properties import PROPERTIES
from ...training.home import tracking_uri
from ...training.registry import NoChampionError, champions, models

_EXAMPLES = 3
_ASIDES = re.compile(r"\s*\([^)]*\)")


def domain_notes(ranked: pd.DataFrame) -> list[tuple[str, int, list[str]]]:
    """Why candidates are out of domain: a text, how many, and the first of them in the order of the ranking.

    The verdict is the table's; the reasons are worked out with the models that serve, where there are any.
    """
    far = ranked[ranked["probability"].notna() & ~ranked["in_domain"].astype(bool)]
    if far.empty:
        return []
    batch = CompositionBatch.from_formulas(far["formula"])
    reasons = np.full(len(far), "unlike what was measured, by the domain score", dtype=object)
    model = _arrhenius()
    if model is not None:
        limit = f"{model.domain.limit:.2f} decades"
        reasons[:] = f"its measured relatives leave more doubt than {limit}, beyond which no interval was tested"
        codes = family_codes(batch)
        for code in np.unique(codes[~model.level.blend.knows(codes) & (codes >= 0)]):
            reasons[codes == code] = f"too few of its family ({FAMILIES[code]}) were measured"
        held = np.asarray(batch.amounts[:, [INDEX[i] for i in model.domain.mobile_ions]].sum(axis=1)).ravel()
        reasons[held == 0] = f"it holds none of the mobile ions {', '.join(model.domain.mobile_ions)}"
    formulas = pd.Series(far["formula"].astype(str).to_numpy())
    found = [(str(reason), len(held), held.head(_EXAMPLES).tolist()) for reason, held in formulas.groupby(reasons)]
    return sorted(found, key=lambda r: (-r[1], r[0]))


def refusals(refused: pd.DataFrame | Mapping[str, int] | None) -> list[tuple[str, int, list[str]]]:
    """Refused candidates by reason: a text, how many, and what they were; most frequent first.

    Parameters
    ----------
    refused : DataFrame, mapping or None
        Rows with a `reason` (and the `dopant`), as a space's `.refused`, or counts by reason, as a screen's `.attrs`.

    Raises
    ------
    KeyError
        If a table has no column `reason`.

    Examples
    --------
    >>> table = pd.DataFrame({"dopant": ["K", "Rb", "Sr"], "reason": ["charge 1+ is more than 2 away from Zr4+"] * 2
    ...     + ["Sr2+ (1.18 Å) for Zr4+ (0.72 Å) changes the bond by +22 %; limit 16 %"]})
    >>> refusals(table)[0]
    ('charge 1+ is more than 2 away from Zr4+', 2, ['K', 'Rb'])
    >>> refusals(table)[1][0]
    'for Zr4+ changes the bond too much; limit 16 %'
    """
    if refused is None:
        return []
    if isinstance(refused, Mapping):
        return sorted(((str(r), int(n), []) for r, n in refused.items()), key=lambda r: (-r[1], r[0]))
    if "reason" not in refused:
        raise KeyError(
            f"the table of refusals has no column 'reason' (columns: {', '.join(map(str, refused.columns))})"
        )
    names = (refused["dopant"] if "dopant" in refused else pd.Series("", index=refused.index)).fillna("").astype(str)
    found: dict[str, list[str]] = {}
    for name, reason in zip(names, refused["reason"].astype(str), strict=True):
        found.setdefault(_alike(name, reason), []).append(name)
    return sorted(
        ((reason, len(held), [n for n in dict.fromkeys(held) if n]) for reason, held in found.items()),
        key=lambda r: (-r[1], r[0]),
    )


def _alike(name: str, reason: str) -> str:
    """A reason without the dopant's name and numbers, so that those refused alike stand together."""
    text = _ASIDES.sub("", reason)
    text = re.sub(r"changes the bond by [-+]\d+ %", "changes the bond too much", text)
    return re.sub(rf"^(balancing )?{re.escape(name)}(\d*[+-])?\s+", r"\1", text) if name else text


def versions() -> list[dict[Any, Any]]:
    """The models that serve: property, version, data_hash and created; empty where none is registered."""
    if not _has_registry():
        return []
    table = models()
    return table[table["champion"].eq(True) & table["property"].isin(PROPERTIES)].to_dict("records")


def _arrhenius() -> ArrheniusModel | None:
    """The conductivity model that serves; None where none is registered, and only then."""
    if not _has_registry():
        return None
    try:
        return next(m for m in champions() if isinstance(m, ArrheniusModel))
    except NoChampionError:
        return None


def _has_registry() -> bool:
    """Whether there is a registry to ask; asking a local one that is not there would make it."""
    uri = tracking_uri()
    return not uri.startswith("sqlite:///") or Path(uri.removeprefix("sqlite:///")).is_file()
