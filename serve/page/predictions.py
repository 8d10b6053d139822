"""Predictions for the page, kept a while: a table, its ranking and its download are asked one after the other."""

from functools import lru_cache

import pandas as pd

from ...training.registry import champion_sources
from ..predict import predict
from ..screen.dopants import dopants
from .answering import PageError
from .dopant_question import DopantQuestion
from .large_work import large_work

MOST_CANDIDATES = 5_000


def predicted(formulas: tuple[str, ...], temperature_C: tuple[float, ...], state: str) -> pd.DataFrame:
    """Predictions of some formulas, each at its temperature, as `ion.predict` gives them."""
    return _predicted(formulas, temperature_C, state, _serving())


def screened(question: DopantQuestion) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions of a host's doped compositions, and what was refused.

    Raises
    ------
    PageError
        If the question cannot be read, leaves no candidate, or makes too many.
    """
    return _screened(question, _serving())


def _serving() -> tuple[str, ...]:
    return tuple(champion_sources().values())


@lru_cache(maxsize=64)
def _predicted(
    formulas: tuple[str, ...], temperature_C: tuple[float, ...], state: str, serving: tuple[str, ...]
) -> pd.DataFrame:
    return predict(list(formulas), temperature_C=list(temperature_C), state=state)


@lru_cache(maxsize=16)
def _screened(question: DopantQuestion, serving: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        found = dopants(
            question.host,
            site=question.sites,
            dopants=question.dopants or "all",
            x=question.x,
            compensate=question.compensate,
            anions=question.anions,
            at_once=question.at_once,
        )
    except ValueError as error:
        raise PageError(str(error)) from error
    if not len(found):
        reasons = "; ".join(found.refused["reason"].astype(str).unique()[:3])
        raise PageError(f"no candidate is left{': ' + reasons if reasons else ''}")
    if len(found) > MOST_CANDIDATES:
        raise PageError(
            f"{len(found):,} candidates are more than the {MOST_CANDIDATES:,} that a page shows; choose fewer dopants, "
            "amounts or sites, or run `ionscout screen`, which has no such limit"
        )
    with large_work():
        table = predict(found.to_dataframe(), temperature_C=question.temperature_C, state=question.state)
    return table, found.refused
