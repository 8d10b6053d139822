"""One stretch of a space, predicted and judged: the unit of work of a screen, wherever it runs."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ...featurize.composition import CompositionBatch
from ...models.base import PropertyModel
from ...models.context import Context
from ...models.prediction import predict_properties
from .candidates import CandidateSpace
from .guard_rails import OUT_OF_DOMAIN, guard
from .pareto import pareto_front
from .ranking import Columns, best_first, chances_of, facts_of, front_columns
from .spec import Spec

# Rows predicted at once by the whole models, which compare each with every measured composition: some 100 MB; and by
# the fast copies, of which more at once spread the fixed costs of a call thinner.
CHUNK_ROWS = 8192
FAST_CHUNK_ROWS = 32_768
# Kept rows that a thread predicts by the whole models.
SERVED_ROWS = 512


@dataclass(frozen=True)
class Question:
    """What is asked of every candidate of a space.

    Parameters
    ----------
    space : CandidateSpace
        The candidates.
    models : tuple of PropertyModel
        The models to ask.
    spec : Spec
        What a candidate must meet.
    temperature_C : float
        Temperature of the conductivity.
    state : str
        One of `STATES`.
    interval : float
        Of the predictions.
    fast : bool
        Whether models with fast copies answer by them.
    keep : int
        Most probable rows to keep besides the Pareto front.
    out_of_domain : bool
        Whether candidates outside the training domain take part.
    whole : bool
        Whether every row is wanted in the end, not the best alone.
    part_rows : int
        Candidates that are finished together.
    """

    space: CandidateSpace
    models: tuple[PropertyModel, ...]
    spec: Spec
    temperature_C: float
    state: str
    interval: float
    fast: bool
    keep: int
    out_of_domain: bool
    whole: bool
    part_rows: int

    @property
    def chunk_rows(self) -> int:
        """Rows to predict at once; the answer does not depend on it."""
        return FAST_CHUNK_ROWS if self.fast else CHUNK_ROWS


@dataclass(frozen=True)
class Judged:
    """What became of a stretch of candidates.

    Parameters
    ----------
    rows : DataFrame
        All of them where all are wanted; empty otherwise.
    kept : DataFrame
        The most probable and the Pareto front: `position` in the space, predictions, `probability`, `front`.
    refused : dict
        Count of refused rows by the name of the reason.
    candidates : int
        Length of the stretch.
    """

    rows: pd.DataFrame
    kept: pd.DataFrame
    refused: dict[str, int]
    candidates: int

    @classmethod
    def together(cls, parts: list["Judged"], question: Question) -> "Judged":
        """Neighbouring stretches as one; the same however the space was cut."""
        refused: dict[str, int] = {}
        for part in parts:
            for reason, count in part.refused.items():
                refused[reason] = refused.get(reason, 0) + count
        filled = [part.kept for part in parts if len(part.kept)] or [parts[0].kept]
        rows = [part.rows for part in parts if len(part.rows)] or [parts[0].rows]
        together = pd.concat(filled, ignore_index=True)
        places, front = best(together, question, np.arange(len(together)), np.flatnonzero(together["front"]))
        kept = together.iloc[places].assign(front=front).reset_index(drop=True)
        return cls(pd.concat(rows, ignore_index=True), kept, refused, sum(part.candidates for part in parts))


def judge(question: Question, start: int, stop: int) -> Judged:
    """Predict candidates start to stop - 1, refuse what is no electrolyte, and keep the best."""
    space, positions = question.space, np.arange(start, stop)
    facts, batch = space.pick(positions) if question.whole else (pd.DataFrame(), space.compositions(positions))
    reasons = guard(batch)
    passed = np.flatnonzero(reasons == np.array(None))
    asked = batch[passed]
    # Columns stay apart until it is known which rows are kept: tables of all rows would take as long as the features.
    answer = _answer(question, asked, question.fast)
    excluded, probability = chances_of(answer, asked, question.spec, question.interval)[1:]
    answer = {"position": positions[passed], **answer, "probability": probability}
    far = ~answer["in_domain"] & (not question.out_of_domain)
    reasons[passed[far]] = OUT_OF_DOMAIN
    fair = np.flatnonzero(~far & (excluded == "") & ~np.isnan(probability))
    rows, front = best(answer, question, fair, fair)
    kept = pd.DataFrame({column: values[rows] for column, values in answer.items()}).assign(front=front)
    names = pd.Series([str(r).split(":")[0] for r in reasons[reasons != np.array(None)]], dtype=object)
    whole = pd.DataFrame()
    if question.whole:
        # Rows of the stretch in order; what was refused has a reason in place of predictions.
        table = pd.DataFrame(answer, index=pd.Index(passed)).drop(columns=["position", "error"])
        whole = _beside(space.named(facts, batch), table.reindex(range(len(batch))))
        whole["in_domain"] = whole["in_domain"].eq(True)
        whole["refused"] = pd.Series(reasons, dtype="string")
    return Judged(whole, kept, {str(k): int(v) for k, v in names.value_counts().items()}, len(batch))


def best(table: Columns, question: Question, fair: np.ndarray, front: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Pareto front and the most probable rows of candidates, given as a table or by column.

    Parameters
    ----------
    table : DataFrame or mapping
        n candidates.
    fair : (m,) int
        Rows that take part, by position.
    front : (k,) int
        Those of them that may be on the front: of stretches put together, what was on theirs.

    Returns
    -------
    rows : (r,) int
        Rows to keep, by position.
    on_front : (r,) bool
        Which of them are on the front.
    """
    is_front = np.zeros(len(table["position"]), dtype=bool)
    sides = front_columns(question.spec.conditions)
    if sides:
        values = [side * np.asarray(table[c], dtype=np.float64)[front] for c, side in sides.items()]
        is_front[front[pareto_front(np.column_stack(values))]] = True
    probability = np.asarray(table["probability"])[fair]
    if len(fair) > question.keep:
        # Rows as probable as the last that may be kept; only they need to be sorted.
        enough = np.partition(probability, len(fair) - question.keep)[len(fair) - question.keep]
        fair = fair[probability >= enough]
    asked = {c: np.asarray(table[c])[fair] for c in ("position", "log10_conductivity", "probability") if c in table}
    kept = is_front.copy()
    kept[fair[best_first(asked, "position")[: question.keep]]] = True
    rows = np.flatnonzero(kept)
    return rows, is_front[rows]


def as_served(kept: pd.DataFrame, question: Question, workers: int | None = None) -> pd.DataFrame:
    """Kept rows named, with all facts, and predicted by the whole models where fast copies had answered."""
    facts, batch = question.space.pick(kept["position"].to_numpy())
    table = question.space.named(facts, batch)
    if question.fast and len(kept):
        count = workers or os.cpu_count() or 1
        parts = [batch.take(rows) for rows in np.array_split(np.arange(len(batch)), -(-len(batch) // SERVED_ROWS))]
        with threadpool_limits(1), ThreadPoolExecutor(count) as pool:
            answers = pool.map(lambda part: pd.DataFrame(_answer(question, part, fast=False)), parts)
            answer = pd.concat(answers, ignore_index=True)
    else:
        answer = kept.drop(columns=["position", "probability", "front"])
    return _beside(table, answer)


def _beside(named: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    """What is known of the candidates, with the answer beside it; a user's column that the answer has too gives way."""
    return pd.concat([named.drop(columns=[c for c in named if c in answer]), answer], axis=1)


def _answer(question: Question, batch: CompositionBatch, fast: bool) -> dict[str, np.ndarray]:
    """Predictions and facts of n compositions, each (n,), by column."""
    context = Context.read(len(batch), question.temperature_C, question.state)
    said = predict_properties(question.models, batch, context, question.interval, fast=fast)
    answer = {"temperature_C": context.temperature_C, **said}
    return answer | facts_of(answer, batch, question.spec)


def without_models(question: Question) -> Question:
    """The question without its models, which travel apart."""
    return replace(question, models=())
