"""What the server counts about itself, in one registry of its own that `/metrics` shows."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from gatebridge.web.turnstile import Turnstile

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters and gauges of one process. No label ever holds what a caller sent, so a caller cannot make new time series."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "gatebridge_requests", "Requests by route, method and status.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "gatebridge_request_seconds", "Time to the whole answer, by route.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.outbox_waiting = Gauge("gatebridge_outbox_waiting", "What must still leave the house.", registry=self.registry)
        self.database_up = Gauge(
            "gatebridge_database_up", "Whether the database answered when this page was asked for.", registry=self.registry
        )

        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. Route and method must be of the few that exist; finding their counters is paid once."""
        key = (route, method, status)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = self.requests.labels(route, method, str(status)), self.seconds.labels(route)
        counter, histogram = found
        counter.inc()
        histogram.observe(seconds)

    def watch(self, turnstile: Turnstile) -> None:
        """Show what this turnstile counts, whenever the page is asked for."""
        self.registry.register(TurnstileCollector(turnstile))

    def text(self) -> bytes:
        """Everything counted, in the exposition format."""
        return generate_latest(self.registry)


class TurnstileCollector(Collector):
    """Reads the turnstile's own counts when the page is asked for, so that the hot path pays for none of it."""

    def __init__(self, turnstile: Turnstile) -> None:
        self.turnstile = turnstile

    def collect(self) -> Iterable[Metric]:
        counts = self.turnstile.counts
        sizes = dict(counts.sizes)
        yield GaugeMetricFamily("gatebridge_turnstile_waiting", "Requests that wait at the turnstile.", self.turnstile.waiting)
        yield CounterMetricFamily("gatebridge_turnstile_retried", "Requests whose batch could not be committed as one.", counts.retried)
        outcomes = CounterMetricFamily(
            "gatebridge_outcomes", "Recorded outcomes, by event and reason; a success has no reason.", labels=("event", "reason")
        )
        for (event, reason), number in dict(counts.outcomes).items():
            outcomes.add_metric((event, reason), number)
        yield outcomes
        buckets: list[tuple[str, float]] = []
        total = 0
        for size in sorted(sizes):
            total += sizes[size]
            buckets.append((str(size), total))
        buckets.append(("+Inf", total))
        yield HistogramMetricFamily(
            "gatebridge_turnstile_batch_size", "Requests that went through together.", buckets=buckets, sum_value=counts.requests
        )
