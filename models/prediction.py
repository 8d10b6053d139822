"""All properties of a batch in one pass: the features are made once and every model reads them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from .arrhenius import REFERENCE_C, ArrheniusModel
from .base import PropertyModel, Question, read_model
from .context import Context
from .exact_values import EXACT, PREDICTED, exact_values
from .hull import HullModel
from .inputs import model_inputs
from .phases import Phases
from .properties import CONDUCTIVITY
from .window import WindowModel

# Column that says which table a conductivity is answered from.
TAUGHT_BY = "conductivity_source"
# Column that says whether a row's structure was used.
STRUCTURE_SOURCE = "structure_source"
KINDS: dict[str, type[PropertyModel]] = {m.kind: m for m in (ArrheniusModel, WindowModel, HullModel)}


def load_model(folder: Path | str) -> PropertyModel:
    """Load any model saved with `PropertyModel.save`; see `read_model` for the errors."""
    return read_model(folder, KINDS)


def predict_properties(
    models: Sequence[PropertyModel],
    batch: CompositionBatch,
    context: Context,
    interval: float = 0.9,
    fast: bool = False,
    phases: Phases | None = None,
    structures: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Columns of the answer, each (n,), in the order of `models`.

    Parameters
    ----------
    models : sequence of PropertyModel
        The models to ask.
    batch : CompositionBatch
        n compositions; rows in error get NaN.
    context : Context
        Temperature and state asked of each row.
    interval : float
        Fraction of new rows the interval should hold.
    fast : bool
        Ask the fast copies of those models that have one; their values differ by about a tenth of a decade.
    phases : Phases, optional
        Known phases, whose exact values go before those that the models carry.
    structures : (n, q) float32, optional
        Features of the rows' crystal structures, NaN in rows that have none.

    Returns
    -------
    dict
        `column`, `column_lower`, `column_upper` for every property; `conductivity_S_cm` with its bounds beside
        `log10_conductivity`; `conductivity_source` ("electrolytes" or "glasses", the table that a row is answered
        from); `structure_source` ("given", "missing", or "not used" where the models have no use for a structure);
        `domain_score` and `in_domain` where a model carries a domain; `window_source` and
        `hull_source` ("exact" or "predicted") where a model knows values exactly; last `error`. The bounds of an exact
        value are the value itself.
    """
    question = Question(batch, model_inputs(batch, REFERENCE_C, context.state), context.temperature_C, fast, structures)
    errors = np.where(pd.isna(batch.errors), context.errors, batch.errors)
    failed = ~pd.isna(errors)
    any_failed = bool(failed.any())
    answer: dict[str, np.ndarray] = {}
    sources: dict[str, np.ndarray] = {}
    exact = {} if phases is None else exact_values(phases, batch)
    for model in models:
        said = model.estimate(question, interval).known(exact, question.may_be_crystalline)
        for column, estimate in said.estimates.items():
            bounds = {"": estimate.value, "_lower": estimate.lower, "_upper": estimate.upper}
            for suffix, values in bounds.items():
                answer[column + suffix] = np.where(failed, np.nan, values) if any_failed else values
            if column == CONDUCTIVITY.column:
                for suffix in bounds:
                    answer["conductivity_S_cm" + suffix] = 10.0 ** answer[column + suffix]
        if said.domain_score is not None and said.in_domain is not None:
            answer["domain_score"] = np.where(failed, np.nan, said.domain_score)
            answer["in_domain"] = said.in_domain & ~failed
        for column, by_row in ((TAUGHT_BY, said.taught_by), (STRUCTURE_SOURCE, said.structure_source)):
            if by_row is not None:
                words = by_row.copy()
                words[failed] = None
                answer[column] = words
        if said.is_exact is not None:
            source = np.array([PREDICTED, EXACT], dtype=object)[said.is_exact.astype(np.intp)]
            source[failed] = None
            sources[f"{model.kind}_source"] = source
    for column in (TAUGHT_BY, STRUCTURE_SOURCE, "domain_score", "in_domain"):
        if column in answer:
            answer[column] = answer.pop(column)
    answer |= sources
    answer["error"] = errors
    return answer
