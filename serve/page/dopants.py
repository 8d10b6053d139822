"""Dopants for a host: the form, with the periodic table to choose them from."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from ..screen.compensation import COMPENSATIONS
from ..screen.sites import ANIONS
from ..screen.spec import SPEC_COLUMNS
from . import asking
from .answering import PageError, PageRoute, page
from .asking import Text
from .dopant_question import DopantForm
from .elements import layout
from .host import read_host

router = APIRouter(route_class=PageRoute)
Texts = Annotated[list[str], Query(default_factory=list, max_length=200)]
HOSTS = ("Na3Zr2Si2PO12", "Na3SbS4", "Na3PS4", "Na2ZrCl6")
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
    return form_page(request, form)


def form_page(request: Request, form: DopantForm, problem: PageError | None = None) -> Response:
    """The form as it was filled in, with what is wrong with it."""
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
