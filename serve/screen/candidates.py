"""A described space of candidates: it knows its size, and builds only the part that is asked for."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ...featurize.composition import CompositionBatch

# What a space's table begins with; facts of the space's own kind follow.
COLUMNS = ("candidate_id", "formula")
# A table of more rows than this does not fit beside the models in a laptop's memory.
TABLE_ROWS = 10_000_000
# At a screen's 200,000 candidates a second this many take a week and a half.
RUNNABLE = 200_000 * 86_400 * 10
RATE = 200_000


class CandidateSpace(ABC):
    """Hypothetical compositions, by rule.

    Any rows are built on demand and by themselves, so that a run may stop, go on, and be shared out: row i is the same
    whatever rows it is built with. A kind of space says its `size`, its `description` and how to `pick` rows.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """How many candidates there are; may be more than `len` can say (2**63)."""

    @property
    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What the space was asked for, in JSON types: the same description makes the same candidates."""

    @abstractmethod
    def pick(self, positions: np.ndarray) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates by position (n,) int, ascending.

        Returns
        -------
        facts : DataFrame
            A row each with what the rule knows of it; `named` puts its id and formula in front.
        compositions : CompositionBatch
            A row each.
        """

    def compositions(self, positions: np.ndarray) -> CompositionBatch:
        """The compositions of `pick` alone, for a run that wants facts of the best only."""
        return self.pick(positions)[1]

    def block(self, start: int, stop: int) -> tuple[pd.DataFrame, CompositionBatch]:
        """Candidates start to stop - 1, as `pick` gives them."""
        return self.pick(np.arange(start, min(stop, self.size)))

    @property
    def host(self) -> str:
        """Parent formula, part of a candidate's id; empty where there is none."""
        return ""

    @property
    def refused(self) -> pd.DataFrame:
        """What the rule would not make, with a column `reason`; empty unless the kind of space says more."""
        return pd.DataFrame({"reason": pd.Series(dtype=object)})

    @property
    def digest(self) -> str:
        """Name of the description (16 hex digits); equal digests are equal spaces, on every machine."""
        text = json.dumps(self.description, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        source = f" from {self.host}" if self.host else ""
        return f"<{self.size:,} candidates{source}; {len(self.refused):,} refused>"

    def named(self, facts: pd.DataFrame, compositions: CompositionBatch) -> pd.DataFrame:
        """The facts with candidate_id and formula in front (and the host, where there is one).

        Writing formulas and ids costs more than building the rest, so name only the rows that will be shown.
        """
        formulas = compositions.formulas
        table = facts.reset_index(drop=True)
        if self.host:
            table.insert(0, "host", self.host)
        table.insert(0, "formula", formulas)
        ids = [candidate_id(self.host, formula) for formula in formulas]
        table.insert(0, "candidate_id", pd.Series(ids, dtype=object))
        return table

    def chunks(self, rows: int = 8192, start: int = 0) -> Iterator[tuple[pd.DataFrame, CompositionBatch]]:
        """Yield the candidates in order from `start` on, `rows` at a time, as a named table and its compositions."""
        for first in range(start, self.size, rows):
            facts, compositions = self.block(first, min(first + rows, self.size))
            yield self.named(facts, compositions), compositions

    def to_dataframe(self) -> pd.DataFrame:
        """All candidates as one table.

        Raises
        ------
        ValueError
            If there are more than `TABLE_ROWS`.
        """
        if self.size > TABLE_ROWS:
            raise ValueError(
                f"{self.size:,} candidates do not fit in one table (limit {TABLE_ROWS:,}); "
                "screen them with ion.screen, take .chunks(), or .sample() some"
            )
        tables = [table for table, _ in self.chunks()]
        return pd.concat(tables, ignore_index=True) if tables else self.named(*self.block(0, 0))

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Different candidates drawn evenly from the whole space, in order, as a named table.

        Parameters
        ----------
        rows : int
            How many; all of them if the space has fewer.
        seed : int
            The same seed draws the same candidates.
        """
        if rows >= self.size:
            return self.to_dataframe()
        generator = np.random.default_rng(seed)
        drawn: set[int] = set()
        while len(drawn) < rows:
            drawn.update(generator.integers(0, self.size, rows - len(drawn)).tolist())
        return self.named(*self.pick(np.array(sorted(drawn))))

    def check_runnable(self, limit: int = RUNNABLE) -> None:
        """Raise before a screen starts on a space that has nothing, or more than it can finish.

        Raises
        ------
        ValueError
            If there are no candidates, saying why, or more than `limit`, saying how long they would take.
        """
        if self.size == 0:
            reasons = "; ".join(self.refused["reason"].astype(str).unique()[:3])
            raise ValueError(f"no candidate is left{': ' + reasons if reasons else ''}")
        if self.size > limit:
            days = self.size / RATE / 86_400
            took = f"{days / 365.25:,.0f} years" if days > 700 else f"{days:,.0f} days"
            raise ValueError(
                f"{self.size:.3g} candidates would take {took} at {RATE:,} a second; "
                f"narrow the space below {limit:.3g} ({self.remedy()}) or screen a .sample()"
            )

    def remedy(self) -> str:
        """What to change to make the space smaller."""
        return "fewer elements or amounts"


def candidate_id(host: str, formula: str) -> str:
    """Stable name of a candidate: the same host and formula give the same id on every machine.

    Examples
    --------
    >>> candidate_id("Na3PS4", "Na2.9PS3.9Cl0.1")
    'c-f50315cea56a'
    """
    return "c-" + hashlib.sha256(f"{host}|{formula}".encode()).hexdigest()[:12]


def numbers(x: float | tuple[float, ...] | list[float] | np.ndarray) -> np.ndarray:
    """Sorted distinct amounts (m,) from one number or several.

    Raises
    ------
    ValueError
        If an amount is not a positive finite number, naming it.
    """
    values = np.atleast_1d(np.asarray(x, dtype=np.float64))
    bad = values[~(np.isfinite(values) & (values > 0))]
    if bad.size or not values.size:
        raise ValueError(f"x={x!r}: amounts must be positive numbers" + (f", not {bad[0]:g}" if bad.size else ""))
    return np.unique(values)
