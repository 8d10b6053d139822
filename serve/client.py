"""`ion.connect`: the library's verbs, answered by a service."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..training.store.measurements import Addition
from .display import Predictions
from .hybrids import hybrid_input
from .predict import InputError, input_table, without_carried
from .screen.candidates import CandidateSpace
from .screen.spec import DEFAULT_SPEC, Spec
from .wire import addition_of, json_rows, plain, read_arrow, structure_text

if TYPE_CHECKING:
    import httpx

ARROW = "application/vnd.apache.arrow.stream"
# Rows of one request: an answer stays within seconds.
CHUNK_ROWS = 20_000
_LONGEST_LOOK_S = 2.0


class ServiceError(RuntimeError):
    """The service did not do what was asked.

    Parameters
    ----------
    message : str
        In the service's words.
    status : int
        HTTP status; 0 where there was no answer.
    errors : list of dict
        row, field, value, message and remedy of each thing that is wrong.
    """

    def __init__(self, message: str, status: int = 0, errors: Sequence[dict[str, Any]] = ()):
        super().__init__(message)
        self.status = status
        self.errors = list(errors)


class RefusedError(ServiceError, ValueError):
    """What was sent cannot be used, as the library's ValueError says it."""


def connect(url: str, api_key: str | None = None, timeout_s: float = 120.0) -> "Client":
    """Connect to a service; the verbs of the object returned are the library's own.

    Parameters
    ----------
    url : str
        Address of `ionscout serve`, e.g. http://127.0.0.1:8000.
    api_key : str, optional
        Needed beyond this machine.
    timeout_s : float
        How long to wait for an answer.

    Raises
    ------
    ServiceError
        If there is no ionscout at the address.

    Examples
    --------
    >>> far = connect("http://lab:8000", api_key="ionscout_...")  # doctest: +SKIP
    >>> far.predict(["Na3Zr2Si2PO12", "Na3PS4"], temperature_C=60)  # doctest: +SKIP
    """
    import httpx

    headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
    http = httpx.Client(
        base_url=url.rstrip("/"), headers=headers, timeout=timeout_s, transport=httpx.HTTPTransport(retries=2)
    )
    client = Client(http)
    if "version" not in client.ask("GET", "/healthz").json():
        raise ServiceError(f"{url}: something answers, but it is no ionscout")
    return client


class Client:
    """The verbs of the library, answered by a service; made by `connect`."""

    def __init__(self, http: "httpx.Client"):
        self._http = http

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(
        self,
        inputs: Any,
        temperature_C: float | Sequence[float] | None = None,
        interval: float = 0.9,
        *,
        state: str | Sequence[str] | None = None,
        strict: bool = False,
    ) -> pd.DataFrame:
        """As `ionscout.predict`, with the champions of the service."""
        table = input_table(inputs, temperature_C, state)
        sent = table[["formula", "temperature_C", "state"]]
        if "structure" in table:
            sent = sent.assign(structure=[structure_text(cell) for cell in table["structure"]])
        answer = self._rows("/v1/predict", sent, interval=interval)
        answer.index = table.index
        if "structure" in table:
            table = table.assign(formula=answer["formula"])
        out = without_carried(_beside(table, answer.drop(columns=list(sent))), inputs)
        return _finished(Predictions(out), interval, strict)

    def predict_hybrids(
        self,
        table: Any,
        temperature_C: float | Sequence[float] | None = None,
        interval: float = 0.9,
        *,
        strict: bool = False,
    ) -> pd.DataFrame:
        """As `ionscout.predict_hybrids`, with the champion of the service."""
        given = hybrid_input(table, temperature_C)
        answer = self._rows("/v1/predict_hybrids", given, interval=interval)
        answer.index = given.index
        said = [c for c in answer if c not in given and not str(c).startswith("given_")]
        said += [c for c in answer if c in given and f"given_{c}" in answer]
        answer = answer[[c for c in answer if c in said or c == "error"]]
        kept = given.drop(columns="error", errors="ignore").rename(columns={c: f"given_{c}" for c in answer})
        return _finished(pd.concat([kept, answer], axis=1), interval, strict)

    def dopants(
        self,
        host: str,
        *,
        site: str | Sequence[str],
        dopants: str | Sequence[str] = "all",
        x: float | Sequence[float] = (0.05, 0.1, 0.2, 0.3),
        compensate: str = "mobile_ion",
        anions: tuple[str, str] | None = None,
        at_once: int = 1,
        mix: int = 1,
        shares: str | float = "equal",
    ) -> "ServedCandidates":
        """As `ionscout.dopants`."""
        asked = {name: plain(value) for name, value in locals().items() if name != "self"}
        return ServedCandidates(self, "dopants", asked)

    def hybrids(
        self,
        *,
        polymer: Any,
        salt: Any,
        salt_loading: Any = 20.0,
        salt_loading_unit: str = "EO_to_Na",
        filler: Any = None,
        filler_wt_pct: Any = (5.0, 10.0, 20.0, 40.0, 60.0),
        plasticizer: Any = None,
        temperature_C: Any = 25.0,
    ) -> "ServedCandidates":
        """As `ionscout.hybrids`."""
        asked = {name: plain(value) for name, value in locals().items() if name != "self"}
        return ServedCandidates(self, "hybrids", asked)

    def screen(
        self,
        candidates: "ServedCandidates | CandidateSpace | pd.DataFrame | list[str] | dict | str | Path",
        spec: str | Spec = DEFAULT_SPEC,
        *,
        top: int = 100,
        temperature_C: float = 25.0,
        state: str = "crystalline",
        interval: float = 0.9,
        fast: bool | None = None,
        out_of_domain: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> pd.DataFrame:
        """As `ionscout.screen`, as a job of the service; it goes on there if this program stops.

        `candidates` may also be the description of a space as a dict, with its `kind`. All candidates of the job are at
        /v1/screen/ID/results?rows=all; `.attrs["job"]` is its ID.
        """
        asked = {
            "spec": str(spec),
            "top": top,
            "temperature_C": temperature_C,
            "state": state,
            "interval": interval,
            "fast": fast,
            "out_of_domain": out_of_domain,
            **_space_of(candidates),
        }
        job = self.ask("POST", "/v1/screen", json=asked).json()
        wait = 0.05
        while job["state"] in ("queued", "running", "waiting"):
            if progress is not None:
                progress(job["progress"]["done"], job["progress"]["total"])
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_LOOK_S)
            job = self.ask("GET", job["links"]["self"]).json()
        if job["state"] != "done":
            raise RefusedError(f"the screen has {job['state']}: {job['message']}")
        if progress is not None:
            progress(job["progress"]["done"], job["progress"]["total"])
        table = read_arrow(self.ask("GET", job["links"]["results"], headers={"accept": ARROW}).content)
        facts = {name: job["result"][name] for name in ("spec", "interval", "candidates", "refused", "pareto")}
        table.attrs = {**facts, "job": job["id"]}
        return Predictions(table)

    def rank(self, table: pd.DataFrame, spec: str | Spec = DEFAULT_SPEC, *, interval: float = 0.9) -> pd.DataFrame:
        """As `ionscout.rank`."""
        ranked = self._table("/v1/rank", table.reset_index(drop=True), spec=str(spec), interval=interval)
        wanted = Spec.parse(spec) if isinstance(spec, str) else spec
        ranked.attrs = {**table.attrs, "spec": str(wanted), "interval": interval}
        return Predictions(ranked)

    def explain(self, inputs: Any, *, state: str | Sequence[str] | None = None) -> pd.DataFrame:
        """As `ionscout.explain`, with the champions of the service."""
        return self._table("/v1/explain", input_table(inputs, None, state)[["formula", "state"]])

    def neighbours(self, inputs: Any, count: int = 5, stored: bool = False) -> pd.DataFrame:
        """As `ionscout.neighbours`, with the service's store."""
        return self._table("/v1/neighbours", input_table(inputs)[["formula"]], count=count, stored=stored)

    def models(self) -> pd.DataFrame:
        """As `ionscout.models`: what the service's registry holds."""
        return read_arrow(self.ask("GET", "/v1/models", headers={"accept": ARROW}).content)

    def add_measurements(
        self,
        table: str | Path | pd.DataFrame,
        by: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        encoding: str | None = None,
    ) -> Addition:
        """As `ionscout.add_measurements`, into the store of the service; `by` is the key's name if nothing is said."""
        params = {name: value for name, value in (("by", by), ("source", source), ("kind", kind)) if value is not None}
        if isinstance(table, pd.DataFrame):
            if "structure" in table:
                table = table.assign(structure=[structure_text(cell) for cell in table["structure"]])
            content, media = json_rows(table), "application/json"
        else:
            path = Path(table)
            content, params["source"] = path.read_bytes(), source or path.name
            media = "application/vnd.apache.parquet" if path.suffix == ".parquet" else "text/csv"
            if encoding is not None:
                content = content.decode(encoding).encode()
        headers = {"content-type": media}
        if not isinstance(table, pd.DataFrame) and Path(table).suffix == ".gz":
            headers["content-encoding"] = "gzip"
        try:
            told = self.ask("POST", "/v1/measurements", content=content, headers=headers, params=params).json()
        except RefusedError as error:
            if not any(fault["row"] for fault in error.errors):
                raise
            raise RefusedError(
                f"{error}; row {error.errors[0]['row']}: {error.errors[0]['message']}", error.status, error.errors
            ) from error
        return addition_of(told)

    def measurements(self, kind: str | None = None, by: str | None = None) -> pd.DataFrame:
        """As `ionscout.measurements`, from the store of the service."""
        params: dict[str, Any] = {n: v for n, v in (("kind", kind), ("by", by)) if v is not None}
        parts = []
        while True:
            answer = self.ask("GET", "/v1/measurements", headers={"accept": ARROW}, params=params)
            parts.append(read_arrow(answer.content))
            if "x-next-after" not in answer.headers:
                return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
            params["after"] = answer.headers["x-next-after"]

    def ask(self, method: str, path: str, **named: Any) -> "httpx.Response":
        """Any request; the answer, unless it is an error.

        Raises
        ------
        ServiceError
            If the service cannot be reached or did not do it; RefusedError where the request is at fault.
        """
        import httpx

        try:
            answer = self._http.request(method, path, **named)
        except httpx.HTTPError as error:
            raise ServiceError(f"{self._http.base_url}{path.lstrip('/')}: no answer ({error})") from error
        if answer.is_success:
            return answer
        try:
            told = answer.json()
        except ValueError:
            told = {}
        kind = RefusedError if answer.status_code < 500 else ServiceError
        raise kind(told.get("detail") or f"status {answer.status_code}", answer.status_code, told.get("errors", ()))

    def _rows(self, path: str, table: pd.DataFrame, **params: Any) -> pd.DataFrame:
        """A verb that answers row by row: in parts, so that no request is too large."""
        starts = range(0, max(len(table), 1), CHUNK_ROWS)
        parts = [self._table(path, table.iloc[start : start + CHUNK_ROWS], **params) for start in starts]
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]

    def _table(self, path: str, table: pd.DataFrame, **params: Any) -> pd.DataFrame:
        headers = {"content-type": "application/json", "accept": ARROW}
        return read_arrow(self.ask("POST", path, content=json_rows(table), headers=headers, params=params).content)


@dataclass(frozen=True)
class ServedCandidates:
    """Candidates that a service describes; asked for when they are looked at.

    Parameters
    ----------
    client : Client
        Whom to ask.
    kind : str
        dopants or hybrids.
    asked : dict
        What the function of that name was told.
    """

    client: Client = field(repr=False)
    kind: str
    asked: dict[str, Any]

    @cached_property
    def _table(self) -> pd.DataFrame:
        return self._get("candidates")

    @cached_property
    def refused(self) -> pd.DataFrame:
        """What was not made, and why."""
        return self._get("refused")

    def _get(self, rows: str) -> pd.DataFrame:
        headers, params = {"accept": ARROW}, {"rows": rows}
        return read_arrow(
            self.client.ask("POST", f"/v1/{self.kind}", json=self.asked, headers=headers, params=params).content
        )

    def __len__(self) -> int:
        return len(self._table)

    def to_dataframe(self) -> pd.DataFrame:
        """All candidates as one table."""
        return self._table.copy()


def _space_of(candidates: Any) -> dict[str, Any]:
    """What a request says of candidates."""
    if isinstance(candidates, ServedCandidates):
        if candidates.kind != "dopants":
            raise TypeError("mixtures with a polymer are no compositions; predict them with predict_hybrids")
        return {"space": {"kind": candidates.kind, **candidates.asked}}
    if isinstance(candidates, dict):
        return {"space": candidates}
    if isinstance(candidates, str | Path) and Path(candidates).suffix.lower() == ".toml":
        import tomllib

        return {"space": tomllib.loads(Path(candidates).read_text(encoding="utf-8"))}
    if isinstance(candidates, str | Path):
        from .screen.engine import as_space

        candidates = as_space(candidates)
    table = candidates.to_dataframe() if isinstance(candidates, CandidateSpace) else candidates
    formulas = table["formula"] if isinstance(table, pd.DataFrame) else table
    return {"formulas": [str(formula) for formula in formulas]}


def _beside(table: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    """The answer's columns behind the table's own."""
    return pd.concat([table[[c for c in table.columns if c not in answer]], answer], axis=1)


def _finished(out: pd.DataFrame, interval: float, strict: bool) -> pd.DataFrame:
    out.attrs["interval"] = interval
    if strict and out["error"].notna().any():
        row = int(np.flatnonzero(out["error"].notna())[0])
        raise InputError(f"row {row}: {out['error'].iloc[row]}")
    return out
