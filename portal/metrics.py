"""What is counted while the portal runs, and how it is told: Prometheus' text format.

Counters live in the process that counts; under `kanali serve` each process keeps its own in a file of a folder that
they share (prometheus_client's mode for several processes), and the operations listener adds them up. What a label
may say is fixed by the program: templates of routes, classes of statuses, kinds of jobs. Nothing of a visitor
becomes one, and there are at most `SERIES_MOST` series, whatever is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct, field
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment: the folder that the processes of one `kanali serve` share. Set before this module is loaded."""

SERIES_MOST: Final = 500
SERIES_EACH: Final = 5
"""Of a template: four classes of statuses and the seconds of all its requests."""
TEMPLATES_MOST: Final = 80
"""Templates that are counted one by one; what comes after them is counted together."""
BOUNDS: Final = (0.05, 0.25, 1.0)
"""Seconds: a page at its best, one that is felt, one that is too slow."""
OTHERS: Final = "other routes"
NO_ROUTE: Final = "no route"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # it says nothing of types
COUNTED: Final = CollectorRegistry()
"""What this process counts."""

_REQUESTS = Counter(
    "kanali_requests",
    "Requests by route template and class of status.",
    ["route", "status"],
    registry=COUNTED,
)
_SECONDS = Counter(
    "kanali_request_seconds",
    "Seconds from request to answer, added up by route template: by requests, the mean.",
    ["route"],
    registry=COUNTED,
)
_ANSWERS = Histogram(
    "kanali_answer_seconds",
    "Seconds from request to answer, of all routes.",
    buckets=BOUNDS,
    registry=COUNTED,
)
_MAILS = Counter(
    "kanali_mails",
    "Mails of this server's worker: sent, put back, given up, too many.",
    ["outcome"],
    registry=COUNTED,
)
_SECURITY = Counter(
    "kanali_security_events", "Security events by their names in the log.", ["event"], registry=COUNTED
)

_WEBHOOKS = Counter(
    "kanali_webhooks",
    "Webhooks of this server's worker: sent, put back, given up.",
    ["outcome"],
    registry=COUNTED,
)


class Gauge(Struct, frozen=True):
    """A value as it stands when asked for. `values`: by the one label, or under "" where there is none."""

    name: str
    help: str
    values: Mapping[str, float]
    label: str = ""


class Requests:
    """The requests of one application. Of `templates`, its routes in an order that stays, the first are told apart."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._own = frozenset(list(dict.fromkeys(templates))[:TEMPLATES_MOST])
        self._series: dict[tuple[str, int], tuple[Counter, Counter]] = {}
        """Route and class → its series, since looking them up costs more than counting."""

    def add(self, template: str | None, status: int, seconds: float) -> None:
        """One request: its route's template (None where no route fits), its status, how long it took."""
        route = NO_ROUTE if template is None else template if template in self._own else OTHERS
        key = (route, status // 100)
        if key not in self._series:
            self._series[key] = (_REQUESTS.labels(route, f"{key[1]}xx"), _SECONDS.labels(route))
        count, times = self._series[key]
        count.inc()
        times.inc(seconds)
        _ANSWERS.observe(seconds)


def mail(outcome: str) -> None:
    """One attempt at a mail came to this: "sent", "put back", "given up", "too many"."""
    _MAILS.labels(outcome).inc()


def webhook(outcome: str) -> None:
    """One attempt at a webhook came to this: "sent", "put back", "given up"."""
    _WEBHOOKS.labels(outcome).inc()


def security(event: str) -> None:
    """One security event, by one of the names that `security.py` knows."""
    _SECURITY.labels(event).inc()


def told(gauges: Iterable[Gauge]) -> bytes:
    """Everything as text: what all processes have counted, and what stands now."""
    registry = CollectorRegistry()
    shared = os.environ.get(SHARED)
    if shared:
        MultiProcessCollector(registry, path=shared)  # type: ignore[no-untyped-call]  # nor does this
    registry.register(_Now(list(gauges)))
    return generate_latest(registry) if shared else generate_latest(COUNTED) + generate_latest(registry)


class _Now(Struct, frozen=True, eq=False):
    """A collector of values that stand."""

    gauges: list[Gauge] = field(default_factory=list)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in self.gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=[gauge.label] if gauge.label else [])
            for value in gauge.values:
                family.add_metric([value] if gauge.label else [], gauge.values[value])
            yield family
