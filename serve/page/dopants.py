"""Dopants for a host: the form with its periodic table, and the ranking that answers it."""

import math
from dataclasses import replace
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response

from ...models.properties import ACTIVATION_ENERGY, CONDUCTIVITY, ENERGY_ABOVE_HULL, OXIDATION_LIMIT, REDUCTION_LIMIT
from ..screen.compensation import COMPENSATIONS
from ..screen.ranking import rank
from ..screen.sites import ANIONS
from ..screen.spec import SPEC_COLUMNS, Spec
from . import asking
from .answering import PageError, PageRoute, page
from .dopant_question import DopantForm, DopantQuestion
from .downloads import table_response
from .element_map import element_map
from .elements import layout
from .front_plot import front_plot
from .home import Text
from .host import read_host
from .interval_cells import axis_of, property_columns
from .predictions import screened
from .window_bars import window_bar

router = APIRouter(route_class=PageRoute)
Texts = Annotated[list[str], Query(default_factory=list, max_length=200)]
HOSTS = ("Na3Zr2Si2PO12", "Na3SbS4", "Na3PS4", "Na2ZrCl6")
PAGE_ROWS = 50
_SHOWN = (CONDUCTIVITY, ACTIVATION_ENERGY, ENERGY_ABOVE_HULL)
# How each way of making up a charge is spoken of in the form.
_WAYS = {
    "mobile_ion": "mobile ion, more or less of it",
    "mobile_vacancies": "less mobile ion only",
    "anion_vacancies": "anion vacancies",
    "vacancies": "vacancies of either",
    "anion_exchange": "another anion",
    "co_dopant": "a second dopant",
}


def _form(
    *,
    host: Text = "",
    site: Texts,
    dopant: Texts,
    x: Text = DopantForm.x,
    compensate: Text = DopantForm.compensate,
    old_anion: Text = "",
    new_anion: Text = "",
    at_once: Text = DopantForm.at_once,
    temperature: Text = "",
    state: Text = DopantForm.state,
    spec: Text = DopantForm.spec,
) -> DopantForm:
    """The form as it came."""
    given = (x, compensate, old_anion, new_anion, at_once, temperature, state, spec)
    return DopantForm(host.strip(), tuple(site), tuple(dopant), *given)


Form = Annotated[DopantForm, Depends(_form)]


@router.get("/dopants")
def dopant_form(request: Request, form: Form) -> Response:
    """The form: the host alone at first, then its sites and what may stand on them."""
    return _form_page(request, form)


@router.get("/dopants/ranking")
def ranking(request: Request, form: Form, part: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """Ranked candidates with their intervals, plots, and what was refused."""
    try:
        question, spec, ranked, refused = _ranked(form)
    except PageError as error:
        return _form_page(request, form, error)
    parts = max(1, math.ceil(len(ranked) / PAGE_ROWS))
    part = min(part, parts)
    rows = ranked.iloc[(part - 1) * PAGE_ROWS : part * PAGE_ROWS]
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
        oxidation=OXIDATION_LIMIT,
        windows=[window_bar(row, axis) for row in records],
        window_axis=axis,
        total=len(ranked),
        on_front=int(ranked["pareto"].sum()),
        outside=int((~ranked["in_domain"].astype(bool)).sum()),
        likely=int((ranked["probability"] >= 0.5).sum()),
        map=element_map(ranked, refused),
        plot=front_plot(ranked, spec),
        refused=_by_reason(refused),
        refusals=len(refused),
        part=part,
        parts=parts,
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


def _form_page(request: Request, form: DopantForm, problem: PageError | None = None) -> Response:
    host = None
    if form.host:
        try:
            host = read_host(form.host)
        except PageError as error:
            problem = problem or error
    sites = form.site if host is None or form.site else (host.likely,)
    there = {} if host is None else {site.symbol: site for site in host.sites}
    chosen = [there[symbol] for symbol in sites if symbol in there]
    return page(
        request,
        "dopants.html",
        200 if problem is None else problem.status,
        form=replace(form, site=sites),
        host=host,
        layout=layout(),
        # An element is out only if no chosen site takes it.
        refused=_everywhere([site.refused for site in chosen]),
        unasked=_everywhere([{**site.refused, **site.unasked} for site in chosen]),
        ways=[(kind, _WAYS[kind]) for kind in COMPENSATIONS],
        anions=list(ANIONS),
        site_reasons={site.symbol: {"refused": site.refused, "unasked": site.unasked} for site in there.values()},
        spec_columns=SPEC_COLUMNS,
        hosts=HOSTS,
        problem=None if problem is None else str(problem),
        temperature_hint=asking.temperature_C(""),
    )


def _everywhere(reasons: list[dict[str, str]]) -> dict[str, str]:
    """Elements that every site refuses, with the first site's reason."""
    if not reasons:
        return {}
    return {symbol: text for symbol, text in reasons[0].items() if all(symbol in other for other in reasons)}


def _by_reason(refused: pd.DataFrame) -> list[tuple[str, str]]:
    """Reasons in order of the elements, and what each is held against; amounts of one element are one entry."""
    named = refused.assign(
        what=refused["dopant"] + refused["x"].map(lambda x: "" if pd.isna(x) else f" at x = {x:g}"),
    )
    return [(row["what"], row["reason"]) for row in named[["what", "reason"]].drop_duplicates().to_dict("records")]
