"""`ion.mixtures`: hybrid inorganic electrolytes, two or more compounds fused or milled in molar ratios."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import comb

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...featurize.composition import CompositionBatch, format_formulas

COLUMNS = ("candidate_id", "formula", "mixture", "ratio")
MOST_STEPS = 1000


@dataclass(frozen=True)
class MixtureCandidates:
    """Compositions between compounds: all molar ratios in steps of 1/steps, the pure compounds left out.

    Parameters
    ----------
    systems : tuple of tuple of str
        Compounds of each system as typed.
    amounts : tuple of (k, n_elements) csr_array
        Compositions of each system's compounds per formula unit.
    steps : int
        Parts that a mole of mixture is divided into.
    refused : DataFrame
        Systems that were not taken, with columns mixture and reason.
    """

    systems: tuple[tuple[str, ...], ...]
    amounts: tuple[csr_array, ...]
    steps: int
    refused: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["mixture", "reason"]))

    def __len__(self) -> int:
        return sum(comb(self.steps - 1, len(system) - 1) for system in self.systems)

    def __repr__(self) -> str:
        return f"<{len(self):,} mixtures of {len(self.systems):,} systems; {len(self.refused):,} refused>"

    def chunks(self, rows: int = 8192) -> Iterator[tuple[pd.DataFrame, CompositionBatch]]:
        """Yield the candidates in order, at most `rows` at a time, as a table and its compositions."""
        if rows < 1:
            raise ValueError(f"rows={rows} must be at least 1")
        for system, amounts in zip(self.systems, self.amounts, strict=True):
            parts: list[list[int]] = []
            for cuts in combinations(range(1, self.steps), len(system) - 1):
                edges = (0, *cuts, self.steps)
                parts.append([b - a for a, b in pairwise(edges)])
                if len(parts) == rows:
                    yield self._table(system, amounts, np.array(parts))
                    parts = []
            if parts:
                yield self._table(system, amounts, np.array(parts))

    def to_dataframe(self) -> pd.DataFrame:
        """All candidates as one table; see `COLUMNS`."""
        tables = [table for table, _ in self.chunks()]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))

    def _table(
        self, system: tuple[str, ...], amounts: csr_array, parts: np.ndarray
    ) -> tuple[pd.DataFrame, CompositionBatch]:
        # The smallest whole numbers: 50 Na2S to 50 ZrCl4 is Na2S + ZrCl4.
        whole = parts // np.gcd.reduce(parts, axis=1)[:, None]
        mixed = csr_array(whole.astype(np.float64)) @ amounts
        formulas = format_formulas(csr_array(mixed))
        name = "-".join(system)
        ratios = [":".join(map(str, row)) for row in whole]
        table = pd.DataFrame({"formula": formulas, "mixture": name, "ratio": ratios})
        table.insert(0, "candidate_id", [mixture_id(name, ratio) for ratio in ratios])
        return table, CompositionBatch.from_matrix(csr_array(mixed), list(formulas))


def mixtures(systems: str | Sequence[str], *, steps: int = 20) -> MixtureCandidates:
    """Mix compounds by molar ratio, such as Na2S-ZrCl4 or TaCl5-Na2CO3.

    Parameters
    ----------
    systems : str or sequence of str
        Compounds joined by "-", two or more to a system.
    steps : int
        Ratios run in steps of 1/steps of a mole: 20 gives 5:95, 10:90, ... written in the smallest whole numbers.

    Returns
    -------
    MixtureCandidates
        Systems without sodium are in `.refused`.

    Raises
    ------
    ValueError
        If a compound cannot be read, a system has fewer than two, or `steps` leaves no ratio.

    Examples
    --------
    >>> mixtures("Na2S-ZrCl4", steps=4).to_dataframe()[["formula", "ratio"]].values.tolist()
    [['Na2Zr3SCl12', '1:3'], ['Na2ZrSCl4', '1:1'], ['Na6ZrS3Cl4', '3:1']]
    """
    listed = [systems] if isinstance(systems, str) else list(systems)
    if not listed:
        raise ValueError("give at least one system, such as 'Na2S-ZrCl4'")
    kept: list[tuple[str, ...]] = []
    matrices: list[csr_array] = []
    refused = []
    for typed in dict.fromkeys(listed):
        compounds = tuple(part.strip() for part in typed.split("-"))
        if len(set(compounds)) < 2 or len(set(compounds)) < len(compounds):
            raise ValueError(f"mixture {typed!r} must join two or more different compounds by '-', as in Na2S-ZrCl4")
        if not len(compounds) <= steps <= MOST_STEPS:
            raise ValueError(
                f"steps={steps} must lie between {len(compounds)}, one for each of {typed!r}, and {MOST_STEPS}"
            )
        batch = CompositionBatch.from_formulas(compounds)
        for compound, error in zip(compounds, batch.errors, strict=True):
            if error is not None:
                raise ValueError(f"mixture {typed!r}, compound {compound!r}: {error}")
        amounts = csr_array(batch.amounts, dtype=np.float64)
        if not any("Na" in formula for formula in format_formulas(amounts)):
            refused.append(("-".join(compounds), "none of the compounds holds sodium"))
            continue
        kept.append(compounds)
        matrices.append(amounts)
    return MixtureCandidates(tuple(kept), tuple(matrices), steps, pd.DataFrame(refused, columns=["mixture", "reason"]))


def mixture_id(mixture: str, ratio: str) -> str:
    """Stable name of a mixture.

    Examples
    --------
    >>> mixture_id("Na2S-ZrCl4", "1:1")
    'm-527a3942a043'
    """
    return "m-" + hashlib.sha256(f"{mixture}|{ratio}".encode()).hexdigest()[:12]
