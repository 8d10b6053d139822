"""What the service counts, for Prometheus."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

# Seconds; a single row takes some milliseconds, a table of the largest size under a minute.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Counters, gauges and histograms of one service, in a registry of its own."""

    def __init__(self) -> None:
        # When each series was made is told to nobody who asks.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        own: Any = {"registry": self.registry}
        ProcessCollector(registry=self.registry)
        self.requests = Counter("ionscout_requests", "Requests answered.", ["method", "route", "status"], **own)
        self.seconds = Histogram(
            "ionscout_request_seconds", "Time from request to answer.", ["route"], buckets=_SECONDS, **own
        )
        self.in_flight = Gauge("ionscout_requests_in_flight", "Requests being answered.", **own)
        self.rows = Counter("ionscout_rows", "Rows answered.", ["outcome"], **own)
        self.batch_rows = Histogram("ionscout_batch_rows", "Rows of a common batch.", buckets=_ROWS, **own)
        self.batch_seconds = Histogram(
            "ionscout_batch_seconds", "Time the models took for a common batch.", buckets=_SECONDS, **own
        )
        self.waiting = Gauge("ionscout_requests_waiting", "Small requests that wait for a batch.", **own)
        self.model_version = Gauge("ionscout_model_version", "Version that serves.", ["property"], **own)
        self.reloads = Counter("ionscout_model_reloads", "Champions loaded, or not.", ["outcome"], **own)
        self.registry_up = Gauge("ionscout_registry_up", "1 while the model registry answers.", **own)
        self.measurements = Counter("ionscout_measurements", "Measurements sent.", ["outcome"], **own)
        self.recalled = Counter("ionscout_rows_recalled", "Rows answered from memory.", **own)
