"""`ion.screen`: a space of any size through guard rails, features and models to a shortlist."""

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from ...training.registry import champion_sources, champions
from ..ahead import in_order, quick_turns
from .candidates import CandidateSpace
from .description import read_space
from .ranking import rank
from .results import Results
from .spec import DEFAULT_SPEC, Spec
from .stretch import CHUNK_ROWS, Judged, Question, as_served, judge
from .table_space import TableSpace

PART_ROWS = 131_072
# Up to this many candidates the whole models answer; above it fast copies choose whom the whole models are asked about.
WHOLE_ROWS = 50_000
# The fast copies' choice is wider than what is asked for, since they err by a tenth of a decade.
_SPARE = 5
_LEAST_KEPT = 1000


def screen(
    candidates: CandidateSpace | pd.DataFrame | list[str] | str | Path,
    spec: str | Spec = DEFAULT_SPEC,
    *,
    top: int = 100,
    out: str | Path | None = None,
    temperature_C: float = 25.0,
    state: str = "crystalline",
    interval: float = 0.9,
    fast: bool | None = None,
    out_of_domain: bool = False,
    workers: int | None = None,
    client: Any = None,
    part_rows: int = PART_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Find the candidates of a space that most probably meet a spec.

    The space is streamed: guard rails refuse what is no solid electrolyte, the models predict the rest, and the most
    probable rows and the Pareto front are kept. The answer is the same to the last bit for any number of workers, and
    after any number of restarts.

    Parameters
    ----------
    candidates : CandidateSpace, DataFrame, list of str, or path
        A space (`ion.dopants`, `ion.compositions`, `ion.read_space`), formulas, or a TOML, CSV or Parquet file.
    spec : str or Spec
        What must be met, as `ion.rank` takes it.
    top : int
        Candidates to return.
    out : path, optional
        Folder for every candidate with its predictions or the reason it was refused, as Parquet files that pandas,
        dask and Spark read as one table. A run that was stopped goes on where it was when asked the same again.
    temperature_C, state : float, str
        Of the conductivity, and of the material.
    interval : float
        Of the predictions.
    fast : bool, optional
        Whether fast copies of the models choose the rows that the whole models are then asked about. By default they
        do above `WHOLE_ROWS` candidates. The table returned always holds the whole models' answers; with fast copies
        the rows in `out` are theirs, and differ by about a tenth of a decade.
    out_of_domain : bool
        Let candidates outside the training domain take part; else they are refused.
    workers : int, optional
        Threads; all cores by default.
    client : str or dask.distributed.Client, optional
        Work on a dask cluster instead: a client, or the address of a scheduler. `out` must be a folder that all
        workers reach, and so must the files of a space that is a file.
    part_rows : int
        Candidates in a file of `out`: what a stop loses at most, for each worker, and what a cluster's worker is given.
    progress : callable, optional
        Told the candidates done and in all, from time to time.

    Returns
    -------
    DataFrame
        As `ion.rank` gives it, the `top` rows. `.attrs` holds `candidates`, `refused` (a count for each reason) and
        `pareto` (size of the front). The front itself is in `_ranking.parquet` of `out`.

    Raises
    ------
    ValueError
        If the space is empty or impossibly large, the spec cannot be read, or `out` holds another screen.
    OSError
        If `out` cannot be written; what is finished stays readable.

    See Also
    --------
    ionscout.rank : rank a table that is predicted already.
    """
    if top < 1:
        raise ValueError(f"{top=} must be at least 1")
    if part_rows < 1:
        raise ValueError(f"{part_rows=} must be at least 1")
    space = as_space(candidates)
    space.check_runnable()
    models = champions()
    wanted = Spec.parse(spec) if isinstance(spec, str) else spec
    question = Question(
        space,
        models,
        wanted,
        float(temperature_C),
        state,
        interval,
        fast=space.size > WHOLE_ROWS if fast is None else fast,
        keep=max(_SPARE * top, _LEAST_KEPT),
        out_of_domain=out_of_domain,
        whole=out is not None,
        part_rows=part_rows,
    )
    results = None if out is None else Results(Path(out), _asked(question))
    parts = (
        _with_dask(question, results, client, progress)
        if client is not None
        else _here(question, results, workers, progress)
    )
    judged = Judged.together(parts, question)
    ranking = rank(as_served(judged.kept, question, workers), wanted, interval=interval)
    if results is not None:
        results.finish(ranking)
    shortlist = ranking.head(top).copy()
    shortlist.attrs = {
        "spec": str(wanted),
        "interval": interval,
        "candidates": judged.candidates,
        "refused": dict(sorted(judged.refused.items())),
        "pareto": int(ranking["pareto"].sum()),
    }
    return shortlist


def as_space(candidates: Any) -> CandidateSpace:
    """Anything that names candidates as a space.

    Raises
    ------
    TypeError
        If it names none.
    """
    if isinstance(candidates, CandidateSpace):
        return candidates
    if isinstance(candidates, (str, Path)):
        return read_space(candidates)
    if isinstance(candidates, (pd.DataFrame, pd.Series, list, tuple)):
        return TableSpace.of(candidates)
    raise TypeError(
        f"{type(candidates).__name__} is no space of compositions; give ion.dopants(...), ion.compositions(...), a "
        "table or list of formulas, or the path of a TOML, CSV or Parquet file (mixtures with a polymer go through "
        "ion.predict_hybrids)"
    )


def _asked(question: Question) -> dict:
    """The question in JSON types, by which a folder of results is known again."""
    return {
        "space": question.space.digest,
        "candidates": question.space.size,
        "models": hashlib.sha256(json.dumps(champion_sources(), sort_keys=True).encode()).hexdigest()[:16],
        "spec": str(question.spec),
        "temperature_C": question.temperature_C,
        "state": question.state,
        "interval": question.interval,
        "fast": question.fast,
        "keep": question.keep,
        "out_of_domain": question.out_of_domain,
        "part_rows": question.part_rows,
    }


def _here(
    question: Question, results: Results | None, workers: int | None, progress: Callable[[int, int], None] | None
) -> list[Judged]:
    """All parts, on threads of this process; chunks of neighbouring parts run side by side."""
    size, rows = question.space.size, question.part_rows
    firsts = range(0, size, rows)
    finished = {} if results is None else {p: j for p in range(len(firsts)) if (j := results.done(p)) is not None}
    # The last part is cut finer, so that no thread works on while the others are done.
    steps = [question.chunk_rows] * (len(firsts) - 1) + [min(question.chunk_rows, CHUNK_ROWS)]
    open_chunks = [
        (part, start, min(start + step, first + rows, size))
        for part, (first, step) in enumerate(zip(firsts, steps, strict=True))
        if part not in finished
        for start in range(first, min(first + rows, size), step)
    ]
    done = sum(judged.candidates for judged in finished.values())
    if progress is not None:
        progress(done, size)
    count = workers or os.cpu_count() or 1
    gathered: list[Judged] = []
    with quick_turns(), threadpool_limits(1), ThreadPoolExecutor(count) as pool:
        chunks = in_order(pool, lambda chunk: judge(question, chunk[1], chunk[2]), open_chunks, 2 * count)
        for (part, _, stop), judged in zip(open_chunks, chunks, strict=True):
            gathered.append(judged)
            done += judged.candidates
            if stop % rows == 0 or stop == size:
                finished[part] = _finish(part, gathered, question, results)
                gathered = []
            if progress is not None:
                progress(done, size)
    return [finished[part] for part in sorted(finished)]


def _finish(part: int, chunks: list[Judged], question: Question, results: Results | None) -> Judged:
    """Chunks of a part as one, written where results are."""
    whole = Judged.together(chunks, question)
    if results is not None:
        results.add(part, whole)
    return Judged(pd.DataFrame(), whole.kept, whole.refused, whole.candidates)


def work_part(question: Question, results: Results | None, part: int) -> Judged:
    """One part on one thread, as a worker of a cluster does it."""
    if results is not None and (judged := results.done(part)) is not None:
        return judged
    first = part * question.part_rows
    last = min(first + question.part_rows, question.space.size)
    with threadpool_limits(1):
        step = question.chunk_rows
        chunks = [judge(question, start, min(start + step, last)) for start in range(first, last, step)]
    return _finish(part, chunks, question, results)


def _with_dask(
    question: Question, results: Results | None, client: Any, progress: Callable[[int, int], None] | None
) -> list[Judged]:
    """All parts, on the workers of a dask cluster; what a lost worker had in hand is done again by another."""
    from dask.distributed import Client, as_completed

    size = question.space.size
    own = isinstance(client, str)
    cluster: Any = Client(client) if own else client
    try:
        # Question and models are sent once to each worker, not with every part.
        shared = cluster.scatter(question, broadcast=True, hash=False)
        numbers = iter(range(-(-size // question.part_rows)))
        ahead = 4 * max(sum(cluster.nthreads().values()), 1)
        running = as_completed()
        found: dict[int, Judged] = {}

        def submit() -> None:
            if (part := next(numbers, None)) is not None:
                future = cluster.submit(_keyed, shared, results, part, pure=False, retries=3)
                running.add(future)

        for _ in range(ahead):
            submit()
        done = 0
        while not running.is_empty():
            future = next(running)
            part, judged = future.result()
            found[part] = judged
            done += judged.candidates
            future.release()
            submit()
            if progress is not None:
                progress(done, size)
    finally:
        if own:
            cluster.close()
    return [found[part] for part in sorted(found)]


def _keyed(question: Question, results: Results | None, part: int) -> tuple[int, Judged]:
    return part, work_part(question, results, part)
