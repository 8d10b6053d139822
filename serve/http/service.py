"""What the resources share: settings, models, batches, metrics."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import Request

from ...training.home import home
from .batching import Batcher
from .jobs.folder import JobFolders
from .jobs.runner import JobRunner
from .keys import ApiKeys
from .metrics import Metrics
from .recent import RecentAnswers
from .served_models import ServedModels
from .settings import ServiceSettings


@dataclass
class Service:
    """The parts of one running service.

    Parameters
    ----------
    settings : ServiceSettings
    metrics : Metrics
    models : ServedModels
        The champions.
    batcher : Batcher
        Answers small requests together.
    recent : RecentAnswers
        Answers of single rows that may be asked again.
    keys : ApiKeys
        Who may ask from elsewhere.
    jobs : JobRunner
        Screens and retrainings.
    workers : ThreadPoolExecutor
        Where large tables and slow look-ups are worked on, so that the event loop stays free.
    large : asyncio.Semaphore
        Keeps large tables from taking all of them.
    """

    settings: ServiceSettings
    metrics: Metrics
    models: ServedModels
    batcher: Batcher
    recent: RecentAnswers
    keys: ApiKeys
    jobs: JobRunner
    workers: ThreadPoolExecutor
    large: asyncio.Semaphore
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Service":
        """Put a service together; `start` lets it begin."""
        metrics = Metrics()
        models = ServedModels(settings.reload_s, metrics)
        batcher = Batcher(models.current, settings.batch_rows, settings.max_waiting, metrics)
        jobs = JobRunner(
            JobFolders(home() / "service_jobs"),
            settings.jobs_at_once,
            settings.jobs_waiting,
            settings.job_retry_s,
            # A retraining may have made another champion.
            lambda job: models.look(),
        )
        workers = ThreadPoolExecutor(settings.max_large + 4, thread_name_prefix="tables")
        large = asyncio.Semaphore(settings.max_large)
        recent = RecentAnswers(settings.recent_rows)
        return cls(settings, metrics, models, batcher, recent, ApiKeys(), jobs, workers, large)

    def start(self) -> None:
        """Load the models and begin to answer."""
        self.models.start()
        self.batcher.start()
        self.jobs.start()

    def stop(self) -> None:
        """Answer what waits, then end all threads."""
        self.jobs.stop()
        self.batcher.stop()
        self.models.stop()
        self.workers.shutdown(wait=True, cancel_futures=True)


def service_of(request: Request) -> Service:
    """The service that a request is asked of."""
    return request.app.state.service
