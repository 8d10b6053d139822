"""`ion.explain` and `ion.neighbours`: why a prediction is what it is, and what was measured nearest to it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ..featurize.composition import CompositionBatch
from ..featurize.family import family_codes
from ..models.arrhenius import GLASSES, REFERENCE_C, ArrheniusModel
from ..models.base import PropertyModel, Question
from ..models.chemical_distance import earth_movers_distance, laid_out
from ..models.context import Context
from ..models.explanation import contributions
from ..models.inputs import input_positions, model_inputs
from ..models.properties import ACTIVATION_ENERGY, CONDUCTIVITY
from ..training.data.fields import BELOW
from ..training.data.sources import load_curated
from ..training.registry import champions
from ..training.store.measurements import measurements
from ..training.store.stored_rows import stored_rows
from ..training.train import measured_rows
from .predict import input_table

NEIGHBOUR_COLUMNS = (
    "input",
    "distance",
    "formula",
    "conductivity_relation",
    CONDUCTIVITY.column,
    "temperature_C",
    ACTIVATION_ENERGY.column,
    "state",
    "quality",
    "source",
    "year",
)
BASE, REST = "the average material", "what its measured relatives add"
OF_GLASSES = "what measured glasses say instead"


def explain(inputs: Any, *, state: str | Sequence[str] | None = None) -> pd.DataFrame:
    """What makes the predicted conductivity at 25 C and activation energy of each input.

    The contributions are those of TreeSHAP in the fast copy of each model (10.1038/s42256-019-0138-9), summed up over
    columns that speak of one thing. Base, contributions and the rest, by which the model itself differs from its copy,
    add up to the prediction. Of a glass that the model of glasses answers, the rest is by how much that differs from
    the electrolytes.

    Parameters
    ----------
    inputs : str, list of str, Series, DataFrame, pymatgen Composition, or a list of them
        As `ion.predict` takes them.
    state : str or (n,), optional
        crystalline (default), glass, glass_ceramic, amorphous or unknown.

    Returns
    -------
    DataFrame
        A row for each input and word: input (its place), formula, because, log10_conductivity and
        activation_energy_eV (what the word adds), the greatest effect on conductivity first. Inputs that cannot be
        read have one row, with their `error`.

    Examples
    --------
    >>> table = explain("Na3Zr2Si2PO12")  # doctest: +SKIP
    >>> table.groupby("input")["log10_conductivity"].sum()  # the prediction at 25 C  # doctest: +SKIP
    """
    return explain_with(champions(), inputs, state)


def explain_with(
    models: Sequence[PropertyModel], inputs: Any, state: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """As `explain`, with models that are loaded already."""
    table = input_table(inputs, REFERENCE_C, state)
    batch = CompositionBatch.from_formulas(table["formula"])
    context = Context.read(len(table), table["temperature_C"], table["state"])
    model = next(m for m in models if isinstance(m, ArrheniusModel))
    question = Question(batch, model_inputs(batch, REFERENCE_C, context.state), np.full(len(batch), REFERENCE_C))
    answer = model.estimate(question)
    said, taught_by = answer.estimates, np.asarray(answer.taught_by)
    family_known = model.level.blend.knows(family_codes(batch))
    parts = []
    for fact, taught in ((CONDUCTIVITY, model.level), (ACTIVATION_ENERGY, model.activation_energy)):
        booster = taught.student.value
        groups, base = contributions(booster, question.inputs[:, input_positions(booster.columns)])
        rest = said[fact.column].value - base - sum(groups.values())
        wide = pd.DataFrame({BASE: base, **groups, REST: rest}).rename_axis("input").reset_index()
        parts.append(wide.melt("input", var_name="because", value_name=fact.column).set_index(["input", "because"]))
    out = pd.concat(parts, axis=1).reset_index()
    words = set(out["because"]) - {BASE, REST}
    out.insert(1, "formula", table["formula"].to_numpy()[out["input"]])
    errors = pd.Series(np.where(pd.isna(batch.errors), context.errors, batch.errors), dtype=object)
    out["error"] = errors.to_numpy()[out["input"]]
    bad = out["error"].notna()
    unknown = ~family_known[out["input"]] & ~bad.to_numpy()
    out.loc[unknown & out["because"].eq(REST).to_numpy(), "because"] = "its family has hardly been measured: the median"
    # A glass is answered by the model of glasses; the words are those of the electrolytes, and the rest is its own.
    of_glass = (taught_by == GLASSES)[out["input"]] & ~bad.to_numpy()
    out.loc[of_glass & ~out["because"].isin([BASE, *words]).to_numpy(), "because"] = OF_GLASSES
    out.loc[bad, [CONDUCTIVITY.column, ACTIVATION_ENERGY.column, "because"]] = np.nan
    out = out[~bad | ~out.duplicated("input")]
    size = out[CONDUCTIVITY.column].abs().where(out["because"].ne(BASE), np.inf)
    order = pd.DataFrame({"input": out["input"], "size": -size}).sort_values(["input", "size"], kind="stable").index
    return out.loc[order].reset_index(drop=True)


def neighbours(inputs: Any, count: int = 5, stored: bool = False) -> pd.DataFrame:
    """The measured electrolytes nearest to each input, with their values and sources.

    Parameters
    ----------
    inputs : str, list of str, Series, DataFrame, pymatgen Composition, or a list of them
        As `ion.predict` takes them.
    count : int
        Compositions for each input; every measurement of a composition is shown.
    stored : bool
        Whether to look among the sodium measurements of the store, too.

    Returns
    -------
    DataFrame
        Columns `NEIGHBOUR_COLUMNS`, nearest first. `distance` is the earth mover's distance of the compositions on
        Pettifor's scale (0 the same, 100 from one end of the periodic table to the other); conductivity_relation is
        `<` where the conductivity lies below the one given, else ""; `source` a DOI where there is one.

    Examples
    --------
    >>> found = neighbours("Na2.85Sb0.85W0.15S4", count=1)
    >>> found["formula"].unique().tolist(), found["source"].iloc[0]
    (['Na2.88Sb0.88W0.12S4'], '10.1038/s41467-019-13178-2')
    """
    if count < 1:
        raise ValueError(f"{count=} must be at least 1")
    table = input_table(inputs)
    batch = CompositionBatch.from_formulas(table["formula"])
    measured, composition, places = _with_stored() if stored else _shipped()
    good = np.flatnonzero(batch.is_readable)
    distances = earth_movers_distance(laid_out(batch[good].fractions), places)
    parts = []
    for row, distance in zip(good, distances, strict=True):
        for nearest in np.argsort(distance, kind="stable")[:count]:
            rows = measured[composition == nearest]
            parts.append(rows.assign(input=int(row), distance=float(distance[nearest])))
    found = pd.concat(parts, ignore_index=True) if parts else measured.iloc[:0].assign(input=[], distance=[])
    return found[list(NEIGHBOUR_COLUMNS)]


@lru_cache(maxsize=1)
def _shipped() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The shipped rows, which distinct composition each is, and where those lie."""
    return _laid_out(_shipped_rows())


def _with_stored() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """As `_shipped`, with the rows of the store."""
    own = stored_rows()
    told = measurements("electrolyte").set_index("measurement_id")["temperature_C"].reindex(own["row"]).to_numpy()
    return _laid_out(pd.concat([_shipped_rows(), own.assign(temperature_C=told)], ignore_index=True))


def _shipped_rows() -> pd.DataFrame:
    """As `measured_rows`; a temperature that the source leaves open stays open."""
    rows = measured_rows()
    told = load_curated("sodium_electrolytes")["temperature_C"].reindex(rows["row"]).to_numpy()
    return rows.assign(temperature_C=told)


def _laid_out(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows as they are shown, which distinct composition each is, and where those lie."""
    relation = rows["censored"].map({True: BELOW, False: ""})
    rows = rows.rename(columns={"group_source": "source"}).assign(conductivity_relation=relation)
    places, which = np.unique(
        laid_out(CompositionBatch.from_formulas(rows["formula"]).fractions), axis=0, return_inverse=True
    )
    return rows, which.ravel(), places
