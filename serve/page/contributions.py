"""What makes a prediction, word by word, as bars that grow to the left or right of nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ..explain import BASE
from .typesetting import number

FACTS = (CONDUCTIVITY, ACTIVATION_ENERGY)


@dataclass(frozen=True)
class Contribution:
    """What one word adds to each of `FACTS`: text, and where its bar begins and how long it is, in per cent."""

    because: str
    texts: tuple[str, ...]
    starts: tuple[float, ...]
    lengths: tuple[float, ...]
    good: tuple[bool, ...]


@dataclass(frozen=True)
class Contributions:
    """Base, contributions in order of their effect on conductivity, and their sum, as texts."""

    base: tuple[str, ...]
    parts: list[Contribution]
    total: tuple[str, ...]


def contribution_bars(explained: pd.DataFrame) -> Contributions:
    """Bars of one input.

    Parameters
    ----------
    explained : DataFrame
        As `ion.explain` gives it for one input.
    """
    values = explained[[fact.column for fact in FACTS]].to_numpy(np.float64)
    is_base = explained["because"].eq(BASE).to_numpy()
    parts = values[~is_base]
    largest = np.maximum(np.abs(parts).max(axis=0), 1e-9)
    lengths = 50.0 * np.abs(parts) / largest
    starts = np.where(parts < 0, 50.0 - lengths, 50.0)
    rows = [
        Contribution(
            because=str(because),
            texts=tuple(_signed(v, fact.decimals) for v, fact in zip(row, FACTS, strict=True)),
            starts=tuple(np.round(start, 1).tolist()),
            lengths=tuple(np.round(length, 1).tolist()),
            good=tuple(bool(v * fact.better > 0) for v, fact in zip(row, FACTS, strict=True)),
        )
        for because, row, start, length in zip(explained["because"][~is_base], parts, starts, lengths, strict=True)
    ]

    def texts(row: np.ndarray) -> tuple[str, ...]:
        return tuple(number(v, fact.decimals) for v, fact in zip(row, FACTS, strict=True))

    return Contributions(texts(values[is_base][0]), rows, texts(values.sum(axis=0)))


def _signed(value: float, decimals: int) -> str:
    text = number(value, decimals)
    return f"+{text}" if value > 0 and float(f"{value:.{decimals}f}") else text
