"""The ranking of a host's doped compositions: the host beside them, plots, downloads, and what was refused."""

import math
from dataclasses import replace
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query, Request, Response

from ...models.properties import (
    ACTIVATION_ENERGY,
    CONDUCTIVITY,
    ENERGY_ABOVE_HULL,
    OXIDATION_LIMIT,
    PROPERTIES,
    REDUCTION_LIMIT,
)
from ..screen.pareto import better_side
from ..screen.ranking import rank
from ..screen.spec import Spec
from .answering import PageError, PageRoute, page
from .asking import Text
from .dopant_question import DopantForm, DopantQuestion
from .dopants import Form, form_page
from .downloads import table_response
from .element_map import element_map
from .front_plot import front_plot
from .host import read_host
from .interval_cells import axis_of, property_columns
from .predictions import predicted, screened
from .window_bars import window_bar

router = APIRouter(route_class=PageRoute)
PAGE_ROWS = 50
PROBABILITY = "probability"
_EXCLUDED = "contains"  # how `limited_by` begins for what holds an element that the spec forbids
_SHOWN = (CONDUCTIVITY, ACTIVATION_ENERGY, ENERGY_ABOVE_HULL)
# What rows may be ordered and elements coloured by: words of the address, and columns.
BY = {PROBABILITY: PROBABILITY, **{name: fact.column for name, fact in PROPERTIES.items()}}


@router.get("/dopants/ranking")
def ranking(
    request: Request,
    form: Form,
    part: Annotated[int, Query(ge=1, le=10_000)] = 1,
    by: Text = "",
    shade: Text = "",
) -> Response:
    """Ranked candidates with their intervals, plots, and what was refused."""
    try:
        question, spec, ranked, refused = _ranked(form)
        by, shade = _chosen("by", by), _chosen("shade", shade)
    except PageError as error:
        return form_page(request, form, error)
    host = _host(question, spec)
    parts = max(1, math.ceil(len(ranked) / PAGE_ROWS))
    part = min(part, parts)
    # The host stands first on every part, to be compared with.
    ordered = ranked if by == PROBABILITY else _ordered(ranked, by)
    rows = pd.concat([host, ordered.iloc[(part - 1) * PAGE_ROWS : part * PAGE_ROWS]])
    axis = axis_of(rows, REDUCTION_LIMIT, OXIDATION_LIMIT)
    records = rows.to_dict("records")
    return page(
        request,
        "ranking.html",
        form=form,
        question=question,
        spec=str(spec),
        rows=records,
        columns={column.fact.name: column for column in property_columns(rows, _SHOWN)},
        facts=PROPERTIES,
        windows=[window_bar(row, axis) for row in records],
        window_axis=axis,
        total=len(ranked),
        on_front=int(ranked["pareto"].sum()),
        outside=int((~ranked["in_domain"].astype(bool)).sum()),
        likely=int((ranked["probability"] >= 0.5).sum()),
        limits=_limits(ranked),
        excluded=int(ranked["limited_by"].str.startswith(_EXCLUDED).sum()),
        map=element_map(ranked, refused, BY[shade]),
        plot=front_plot(ranked, spec, host),
        refused=_by_reason(refused),
        refusals=len(refused),
        part=part,
        parts=parts,
        by=by,
        shade=shade,
        choices=list(BY),
    )


@router.get("/dopants/ranking.{ending}")
def ranking_download(ending: str, form: Form) -> Response:
    """The whole ranking as a file."""
    _, _, ranked, _ = _ranked(form)
    return table_response(ranked, f"{form.host}-dopants", ending)


@router.get("/dopants/refused.{ending}")
def refused_download(ending: str, form: Form) -> Response:
    """What was refused, with reasons, as a file."""
    _, _, _, refused = _ranked(form)
    return table_response(refused, f"{form.host}-refused", ending)


def _ranked(form: DopantForm) -> tuple[DopantQuestion, Spec, pd.DataFrame, pd.DataFrame]:
    """Ranking of the candidates that a form asks for, and what was refused."""
    if not form.host:
        raise PageError("no host is given; type a formula, e.g. Na3Zr2Si2PO12")
    host = read_host(form.host)
    question, spec = (form if form.site else replace(form, site=(host.likely,))).read()
    table, refused = screened(question)
    try:
        return question, spec, rank(table, spec), refused
    except (ValueError, KeyError) as error:
        raise PageError(str(error.args[0])) from error


def _host(question: DopantQuestion, spec: Spec) -> pd.DataFrame:
    """The undoped host as a row of the ranking, without a rank."""
    table = rank(predicted((question.host,), (question.temperature_C,), question.state), spec)
    return table.assign(rank=pd.array([pd.NA], dtype="Int64"), compensation="", pareto=False, why="")


def _chosen(field: str, text: str) -> str:
    """A word of `BY`, the probability where nothing is said."""
    if text and text not in BY:
        raise PageError(f"{field} {text!r}: choose one of {', '.join(BY)}")
    return text or PROBABILITY


def _ordered(ranked: pd.DataFrame, by: str) -> pd.DataFrame:
    """The ranking in the order of one property, the better first; equal ones stay in the order of their ranks."""
    ascending = better_side(BY[by]) < 0
    return ranked.sort_values(BY[by], ascending=ascending, kind="stable", na_position="last")


def _limits(ranked: pd.DataFrame) -> dict[str, int]:
    """The two conditions that hold most candidates back, and how many; of those that the spec does not exclude."""
    fair = ranked["limited_by"][ranked["rank"].notna()]
    counts = fair[fair.ne("") & ~fair.str.startswith(_EXCLUDED)].value_counts().head(2)
    return {str(condition): int(count) for condition, count in counts.items()}


def _by_reason(refused: pd.DataFrame) -> list[tuple[str, str]]:
    """Reasons in order of the elements, and what each is held against; amounts of one element are one entry."""
    named = refused.assign(
        what=refused["dopant"] + refused["x"].map(lambda x: "" if pd.isna(x) else f" at x = {x:g}"),
    )
    return [(row["what"], row["reason"]) for row in named[["what", "reason"]].drop_duplicates().to_dict("records")]
