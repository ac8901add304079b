"""Liveness, readiness and metrics, for load balancers, `baton up` and Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from flask import Response, current_app, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field

from admin.api.routes import Answer, Route
from admin.moment import now
from engine.errors import BatonError
from engine.settings import Settings
from engine.store.read import readiness
from engine.store.read.readiness import ActiveVersion, Backlog, Figures
from workers.presence import check_workers
from workers.servers.embedded import check_answering


class Health(BaseModel):
    """The web process answers."""

    status: str = "ok"


class PolicyName(BaseModel):
    """A published policy."""

    number: int
    digest: str


class Checks(BaseModel):
    """Per dependency: `ok`, or what is wrong."""

    database: str
    queue: str
    migrations: str
    workers: str


class Readiness(BaseModel):
    """Whether events sent now will be accepted and decided."""

    ready: bool
    policy: PolicyName | None = Field(description="null before the first publish: events are accepted and wait")
    checks: Checks
    waiting_events: int | None = Field(description="Accepted and due, neither decided nor set aside; null if unknown")
    lag_seconds: float | None = Field(description="How long the oldest of them has waited")


def healthz() -> Answer:
    """Answer 200 without asking any server: liveness must not depend on the database."""
    return jsonify(status="ok")


def readyz() -> Answer:
    """Check every dependency now."""
    settings: Settings = current_app.config["BATON_SETTINGS"]
    checks = {name: _state_of(check, settings) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in checks.values())
    policy, backlog = _road() if checks["database"] == checks["migrations"] == "ok" else (None, None)
    body = {
        "ready": ready,
        "policy": {"number": policy.number, "digest": policy.digest} if policy else None,
        "checks": checks,
        "waiting_events": backlog.waiting_events if backlog else None,
        "lag_seconds": round(backlog.lag_seconds, 3) if backlog else None,
    }
    return jsonify(body), 200 if ready else 503


def _road() -> tuple[ActiveVersion | None, Backlog]:
    return readiness.active_version(), readiness.backlog(now())


def _check_database(settings: Settings) -> None:
    check_answering("postgres", settings)


def _check_queue(settings: Settings) -> None:
    check_answering("valkey", settings)


def _check_migrations(_: Settings) -> None:
    readiness.check_tables()


def _check_workers(_: Settings) -> None:
    check_workers()


CHECKS: dict[str, Callable[[Settings], None]] = {
    "database": _check_database,
    "queue": _check_queue,
    "migrations": _check_migrations,
    "workers": _check_workers,
}
"""Name → check. A check raises a BatonError that says what is wrong."""


def _state_of(check: Callable[[Settings], None], settings: Settings) -> str:
    try:
        check(settings)
    except BatonError as error:
        return str(error)
    return "ok"


class RoadCollector(Collector):
    """Reads counts from the database at each scrape, so that every web process returns the same."""

    def collect(self) -> Iterator[Metric]:
        """One family per count."""
        counts = readiness.figures(now())
        for name, means, number in _single_figures(counts):
            yield GaugeMetricFamily(f"baton_{name}", means, value=number)
        yield _family("leads", "Leads by stage", ["stage"], {(key,): n for key, n in counts.leads.items()})
        yield _family("clocks", "SLA clocks by key and state", ["key", "state"], counts.clocks)
        yield _family(
            "deliveries", "E-mails and webhooks on their way or given up", ["channel", "state"], counts.deliveries
        )
        yield _family(
            "queued_leads", "Leads in the queue by role", ["role"], {(k,): n for k, n in counts.queued.items()}
        )


def _single_figures(counts: Figures) -> tuple[tuple[str, str, float], ...]:
    return (
        ("waiting_events", "Events accepted and due, neither decided nor set aside", counts.backlog.waiting_events),
        ("lag_seconds", "How long the oldest waiting event has waited", counts.backlog.lag_seconds),
        ("set_aside_events", "Events set aside with an error", counts.set_aside),
        ("later_events", "Events that wait for their own moment", counts.later),
        ("stored_events", "Events stored", counts.events),
        ("decisions", "Decisions stored", counts.decisions),
        ("refused_decisions", "Decisions that refused their event", counts.refusals),
        ("policy_number", "Number of the policy in force, 0 before the first publish", counts.policy_number),
    )


def _family(name: str, means: str, labels: list[str], values: Mapping[tuple[str, ...], int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"baton_{name}", means, labels=labels)
    for label_values, number in sorted(values.items()):
        family.add_metric(list(label_values), number)
    return family


registry = CollectorRegistry()
registry.register(RoadCollector())


def metrics() -> Answer:
    """Metrics in Prometheus' text format."""
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


ROUTES = (
    Route("GET", "/healthz", healthz, "Is the web process alive?", None, {200: Health}),
    Route("GET", "/readyz", readyz, "Is everything ready to decide events?", None, {200: Readiness, 503: Readiness}),
    Route("GET", "/metrics", metrics, "Figures for Prometheus", None, {200: None}, problems=(503,)),
)
