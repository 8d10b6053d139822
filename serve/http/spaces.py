"""POST /v1/dopants and /v1/hybrids: candidates by rule, as tables."""

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...featurize.mixture import LOADING_UNITS
from ..screen.dopants import dopants as describe_dopants
from ..screen.hybrids import hybrids as describe_hybrids
from .access import READ
from .media import ENDINGS, JSON, records, wanted_type, write_table
from .numbers import Number, Whole
from .off_loop import off_loop
from .problems import RESPONSES, asked_of_library
from .sent_table import table_answer
from .service import Service, service_of
from .table_limits import check_rows

router = APIRouter(tags=["candidates"])

Rows = Annotated[Literal["candidates", "refused"], Query(description="The candidates, or what was refused and why.")]


class DopantsBody(BaseModel):
    """What `ion.dopants` takes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"host": "Na3Zr2Si2PO12", "site": "Zr", "dopants": ["Sc", "Mg", "Y"], "x": [0.1, 0.2]}]
        },
    )

    host: str = Field(max_length=500, description="Parent formula.")
    site: str | list[str] = Field(description="Element or elements to replace.")
    dopants: str | list[str] = Field(default="all", description='Element symbols, or "all".')
    x: Number | list[Number] = Field(default=[0.05, 0.1, 0.2, 0.3], description="Amounts per formula unit.")
    compensate: Literal[
        "mobile_ion", "mobile_vacancies", "anion_vacancies", "vacancies", "anion_exchange", "co_dopant"
    ] = Field(default="mobile_ion", description="How the difference in charge is made up.")
    anions: tuple[str, str] | None = Field(default=None, description="The host's anion and what replaces it.")
    at_once: Whole = Field(default=1, ge=1, le=8, description="Sites doped together in one candidate.")
    mix: Whole = Field(default=1, ge=1, le=8, description="Different dopants that share a site.")
    shares: Literal["equal"] | Number = Field(default="equal", description="How the dopants of a mix share x.")


class HybridsBody(BaseModel):
    """What `ion.hybrids` takes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "polymer": "PEO",
                    "salt": ["NaTFSI", "NaClO4"],
                    "salt_loading": 20,
                    "filler": ["Na3Zr2Si2PO12", None],
                    "filler_wt_pct": [10, 40],
                    "temperature_C": [25, 60],
                }
            ]
        },
    )

    polymer: str | list[str | None] | None = Field(description="Names, or SMILES of a repeat unit.")
    salt: str | list[str | None] | None = Field(description="Names or SMILES; null for none.")
    salt_loading: Number | list[Number] = Field(default=20.0, description="In salt_loading_unit.")
    salt_loading_unit: str = Field(default="EO_to_Na", max_length=50, description=f"One of {', '.join(LOADING_UNITS)}.")
    filler: str | list[str | None] | None = Field(default=None, description="Names or formulas; null for none.")
    filler_wt_pct: Number | list[Number] = Field(
        default=[5.0, 10.0, 20.0, 40.0, 60.0], description="Weight per cent of filler."
    )
    plasticizer: str | list[str | None] | None = Field(default=None, description='With amount: "EC/PC 50 wt%".')
    temperature_C: Number | list[Number] = Field(default=25.0, description="Celsius.")


_DOPED = {"formula": "Na3.2Mg0.1Zr1.9Si2PO12", "dopant": "Mg"}
_MIXED = {"polymer": "PEO", "salt": "NaTFSI", "salt_loading": 20.0, "filler": "Na3Zr2Si2PO12", "filler_wt_pct": 10.0}


def _responses(row: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    told = "One row a candidate; in JSON also what was refused and why."
    return {**RESPONSES, 200: table_answer(told, {"size": 1, "refused": [], "rows": [row]})}


@router.post("/v1/dopants", summary="Doped compositions of a host", responses=_responses(_DOPED))
async def dopants(request: Request, _: READ, asked: DopantsBody, rows: Rows = "candidates") -> Response:
    """Charge-balanced substitutions, as `ion.dopants` makes them; predict or screen them next."""
    return await _answered(request, _dopants, asked, rows)


@router.post("/v1/hybrids", summary="Mixtures of polymer, salt, filler and plasticizer", responses=_responses(_MIXED))
async def hybrids(request: Request, _: READ, asked: HybridsBody, rows: Rows = "candidates") -> Response:
    """Mixtures as `ion.hybrids` makes them, for /v1/predict_hybrids."""
    return await _answered(request, _hybrids, asked, rows)


def _dopants(service: Service, asked: DopantsBody) -> tuple[pd.DataFrame, pd.DataFrame]:
    space = describe_dopants(**asked.model_dump())
    check_rows(space.size, service.settings)
    return space.to_dataframe(), space.refused


def _hybrids(service: Service, asked: HybridsBody) -> tuple[pd.DataFrame, pd.DataFrame]:
    space = describe_hybrids(**asked.model_dump())
    check_rows(len(space), service.settings)
    return space.to_dataframe(), space.refused


async def _answered(request: Request, make: Any, asked: BaseModel, rows: str) -> Response:
    service = service_of(request)
    wanted = wanted_type(request.headers.get("accept"), JSON)

    def work() -> bytes:
        with asked_of_library():
            table, refused = make(service, asked)
        if rows == "refused":
            return write_table(refused, wanted)
        return write_table(table, wanted, {"size": len(table), "refused": records(refused)})

    content = await off_loop(service, work)
    headers = {} if wanted == JSON else {"content-disposition": f'attachment; filename="candidates.{ENDINGS[wanted]}"'}
    return Response(content, headers=headers, media_type=wanted)
