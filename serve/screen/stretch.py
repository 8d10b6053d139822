"""One stretch of a space, predicted and judged: the unit of work of a screen, wherever it runs."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...models.base import PropertyModel
from ...models.context import Context
from ...models.prediction import predict_properties
from .candidates import CandidateSpace
from .guard_rails import OUT_OF_DOMAIN, guard
from .pareto import pareto_front
from .ranking import best_first, chances_of, front_columns, with_facts
from .spec import Spec

# Rows predicted at once: what they need stays in the processor's cache.
CHUNK_ROWS = 8192


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
        kept = best(pd.concat(filled, ignore_index=True), question)
        return cls(pd.concat(rows, ignore_index=True), kept, refused, sum(part.candidates for part in parts))


def judge(question: Question, start: int, stop: int) -> Judged:
    """Predict candidates start to stop - 1, refuse what is no electrolyte, and keep the best."""
    space = question.space
    if question.whole:
        facts, batch = space.block(start, stop)
    else:
        facts, batch = pd.DataFrame(index=pd.RangeIndex(stop - start)), space.compositions(start, stop)
    reasons = guard(batch)
    passed = np.flatnonzero(reasons == np.array(None))
    asked = batch[passed]
    context = Context.read(len(passed), question.temperature_C, question.state)
    answer = pd.DataFrame(predict_properties(question.models, asked, context, question.interval, fast=question.fast))
    answer.insert(0, "position", passed + start)
    answer.insert(1, "temperature_C", question.temperature_C)
    answer = with_facts(answer, asked, question.spec)
    excluded, answer["probability"] = chances_of(answer, asked, question.spec, question.interval)[1:]
    far = ~answer["in_domain"].to_numpy(bool) & (not question.out_of_domain)
    reasons[passed[far]] = OUT_OF_DOMAIN
    fair = ~far & (excluded == "") & answer["probability"].notna().to_numpy()
    names = pd.Series([str(r).split(":")[0] for r in reasons[reasons != np.array(None)]], dtype=object)
    kept = best(answer[fair].assign(front=True), question)
    rows = pd.DataFrame()
    if question.whole:
        # Rows of the stretch in order; what was refused has a reason in place of predictions.
        answer = answer.drop(columns=["position", "error"]).set_index(pd.Index(passed)).reindex(range(stop - start))
        rows = pd.concat([space.named(facts, batch), answer.drop(columns=[c for c in answer if c in facts])], axis=1)
        rows["in_domain"] = rows["in_domain"].eq(True)
        rows["refused"] = pd.Series(reasons, dtype="string")
    return Judged(rows, kept, {str(k): int(v) for k, v in names.value_counts().items()}, stop - start)


def best(table: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The most probable rows and the Pareto front of candidate rows, by position; `front` narrows from call to call."""
    columns = front_columns(question.spec.conditions)
    front = np.zeros(len(table), dtype=bool)
    asked = np.flatnonzero(table["front"].to_numpy(bool))
    if columns:
        front[asked] = pareto_front(
            np.column_stack([side * table[c].to_numpy(np.float64)[asked] for c, side in columns.items()])
        )
    order = best_first(table.assign(formula=table["position"])).index[: question.keep]
    chosen = front.copy()
    chosen[table.index.get_indexer(order)] = True
    return table.assign(front=front)[chosen].sort_values("position").reset_index(drop=True)


def as_served(kept: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Kept rows named, with all facts, and predicted by the whole models where fast copies had answered."""
    space = question.space
    named = [space.named(*space.block(p, p + 1)) for p in kept["position"].tolist()]
    table = pd.concat(named, ignore_index=True) if named else space.named(*space.block(0, 0))
    if question.fast and len(kept):
        batch = _compositions(question, kept["position"].tolist())
        context = Context.read(len(kept), question.temperature_C, question.state)
        answer = pd.DataFrame(predict_properties(question.models, batch, context, question.interval))
        answer.insert(0, "temperature_C", question.temperature_C)
        answer = with_facts(answer, batch, question.spec)
    else:
        answer = kept.drop(columns=["position", "probability", "front"])
    return pd.concat([table, answer.drop(columns=[c for c in answer if c in table])], axis=1)


def _compositions(question: Question, positions: list[int]):
    from ...featurize.composition import CompositionBatch

    return CompositionBatch.concat([question.space.compositions(p, p + 1) for p in positions])


def without_models(question: Question) -> Question:
    """The question without its models, which travel apart."""
    return replace(question, models=())
