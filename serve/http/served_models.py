"""The champions that answer: loaded and warmed beside the running ones, then swapped in at once."""

import gc
import logging
import os
import threading
import time
from dataclasses import dataclass

from ...featurize.composition import CompositionBatch
from ...models.base import PropertyModel
from ...models.context import Context
from ...models.hybrid import HYBRID_CONDUCTIVITY, HybridModel
from ...models.prediction import predict_properties
from ...training.home import tracking_uri
from ...training.registry import Champion, load_champions, load_hybrid, registered_champions
from .metrics import Metrics
from .problems import Problem
from .store_troubles import check_store

log = logging.getLogger(__name__)

_WARM = "Na3Zr2Si2PO12"


@dataclass(frozen=True)
class Served:
    """What answers a request from its first row to its last.

    Parameters
    ----------
    models : tuple of PropertyModel
        As `ion.predict` asks them.
    hybrid : HybridModel or None
        For mixtures; None where none serves.
    champions : dict
        Property name to the version that serves.
    """

    models: tuple[PropertyModel, ...]
    hybrid: HybridModel | None
    champions: dict[str, Champion]

    @property
    def versions(self) -> dict[str, int]:
        """Property name to version."""
        return {name: champion.version for name, champion in self.champions.items()}

    def asked(self, properties: frozenset[str]) -> tuple[PropertyModel, ...]:
        """The models of some properties, in their order; all models where none is named."""
        if not properties:
            return self.models
        return tuple(model for model in self.models if any(p.name in properties for p in model.properties))


class ServedModels:
    """Looks every `interval_s` where the aliases point, and swaps the models when they have moved.

    While the registry cannot be reached the models that serve go on serving; `trouble` says since when and why.

    Parameters
    ----------
    interval_s : float
        Seconds between two looks.
    metrics : Metrics
        Told of versions, reloads and trouble.
    """

    def __init__(self, interval_s: float, metrics: Metrics):
        self.interval_s = interval_s
        self.metrics = metrics
        self.trouble: str | None = None
        self._served: Served | None = None
        self._seen: tuple[int, ...] | None = None  # The store when it was last read.
        self._stop = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="champions", daemon=True)

    def start(self) -> None:
        """Look once, then go on looking on a thread of its own."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def current(self) -> Served:
        """The models that serve.

        Raises
        ------
        Problem
            503 if none do.
        """
        served = self._served
        if served is None:
            raise Problem(503, self.trouble or "the models are being loaded", headers={"Retry-After": "5"})
        return served

    def look(self) -> None:
        """Look where the aliases point; load, warm and swap what has moved. Never raises."""
        with self._looking:
            try:
                check_store()
                seen = _signature()
                if seen is None or seen != self._seen:
                    found = registered_champions()
                    if self._served is None or found != self._served.champions:
                        self._swap(found)
                self._seen = seen
            except Exception as error:
                if str(error) != self.trouble:
                    log.warning("champions cannot be looked up: %s", error)
                    self.metrics.reloads.labels("failed").inc()
                self.trouble, self._seen = str(error), None
                self.metrics.registry_up.set(0)
            else:
                if self.trouble is not None:
                    log.info("champions can be looked up again")
                self.trouble = None
                self.metrics.registry_up.set(1)

    def _swap(self, champions: dict[str, Champion]) -> None:
        began = time.perf_counter()
        models = load_champions({name: c for name, c in champions.items() if name != HYBRID_CONDUCTIVITY.name})
        hybrid = champions.get(HYBRID_CONDUCTIVITY.name)
        fresh = Served(models, None if hybrid is None else load_hybrid(hybrid), champions)
        predict_properties(models, CompositionBatch.from_formulas([_WARM]), Context.read(1))
        self._served = fresh
        # What is loaded by now stays: the collector need not walk through it amid requests (a fifth of a second).
        gc.collect()
        gc.freeze()
        self.metrics.reloads.labels("done").inc()
        self.metrics.model_version.clear()
        for name, version in fresh.versions.items():
            self.metrics.model_version.labels(name).set(version)
        log.info("champions serve", extra={"versions": fresh.versions, "ms": 1e3 * (time.perf_counter() - began)})

    def _watch(self) -> None:
        while not self._stop.wait(self.interval_s):
            self.look()


def _signature() -> tuple[int, ...] | None:
    """What changes whenever a store that is a file does; None for a server, which must be asked."""
    uri = tracking_uri()
    if not uri.startswith("sqlite:///"):
        return None
    found: list[int] = []
    for path in (uri.removeprefix("sqlite:///"), f"{uri.removeprefix('sqlite:///')}-wal"):
        try:
            about = os.stat(path)
        except FileNotFoundError:
            continue
        found += [about.st_ino, about.st_mtime_ns, about.st_size]
    return tuple(found)
