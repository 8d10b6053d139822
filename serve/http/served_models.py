"""The champions that answer: loaded and warmed beside the running ones, then swapped in at once."""

import logging
import threading
import time
from dataclasses import dataclass

from ...featurize.composition import CompositionBatch
from ...models.base import PropertyModel
from ...models.context import Context
from ...models.hybrid import HYBRID_CONDUCTIVITY, HybridModel
from ...models.prediction import predict_properties
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
                found = registered_champions()
                if self._served is None or found != self._served.champions:
                    self._swap(found)
            except Exception as error:
                if str(error) != self.trouble:
                    log.warning("champions cannot be looked up: %s", error)
                    self.metrics.reloads.labels("failed").inc()
                self.trouble = str(error)
                self.metrics.registry_up.set(0)
            else:
                if self.trouble is not None:
                    log.info("champions can be looked up again")
                self.trouble = None
                self.metrics.registry_up.set(1)

    def _swap(self, champions: dict[str, Champion]) -> None:
        began = time.perf_counter()
        sources = {name: c.uri for name, c in champions.items() if name != HYBRID_CONDUCTIVITY.name}
        models = load_champions(sources)
        hybrid = champions.get(HYBRID_CONDUCTIVITY.name)
        fresh = Served(models, None if hybrid is None else load_hybrid(hybrid.uri), champions)
        predict_properties(models, CompositionBatch.from_formulas([_WARM]), Context.read(1))
        self._served = fresh
        self.metrics.reloads.labels("done").inc()
        self.metrics.model_version.clear()
        for name, version in fresh.versions.items():
            self.metrics.model_version.labels(name).set(version)
        log.info("champions serve", extra={"versions": fresh.versions, "ms": 1e3 * (time.perf_counter() - began)})

    def _watch(self) -> None:
        while not self._stop.wait(self.interval_s):
            self.look()
