"""For the platform: is it alive, may it be sent requests, and figures for Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from core import outbox, timetable_jobs
from core.database import is_current
from core.office import Office
from core.records import Application, Award, TimetableJob
from intake import pages

blueprint = Blueprint("health", __name__)


def install(app: Flask, ready: Mapping[str, Callable[[], bool]]) -> None:
    """Count this application's requests, in a registry of its own."""
    registry = CollectorRegistry()
    registry.register(_Record(app))
    requests = Counter("award_desk_requests", "Requests answered.", ["route", "method", "status"], registry=registry)
    app.extensions["metrics"] = registry
    app.extensions["ready"] = dict(ready)

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        method = request.method if request.method in _METHODS else "other"
        requests.labels(route, method, str(response.status_code)).inc()
        return response


_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"))


class _Record(Collector):
    """Figures read from the record of the application's office when they are asked for."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Applications and awards by status, what waits in the outbox, and how the timetable's jobs go."""
        office: Office = self._app.extensions["office"]
        with office.reading() as session:
            applications = session.execute(select(Application.status, func.count()).group_by(Application.status)).all()
            awards = session.execute(select(Award.status, func.count()).group_by(Award.status)).all()
            waiting = outbox.waiting(session)
            jobs = timetable_jobs.standing(session)
        for name, told, rows in (
            ("award_desk_applications", "Applications by status.", applications),
            ("award_desk_awards", "Awards by status.", awards),
        ):
            gauge = GaugeMetricFamily(name, told, labels=["status"])
            for status, count in rows:
                gauge.add_metric([status], count)
            yield gauge
        yield GaugeMetricFamily("award_desk_outbox_waiting", "Messages not sent yet.", value=waiting)
        yield from _timetable(jobs)


def _timetable(jobs: Sequence[TimetableJob]) -> Iterator[Metric]:
    for name, told, count in (
        ("award_desk_job_runs", "Runs of a timetable's job that ended well.", "runs"),
        ("award_desk_job_passes", "Runs that left their work to another process.", "passes"),
        ("award_desk_job_errors", "Runs that failed.", "errors"),
        ("award_desk_job_misses", "Runs that could not begin in time.", "misses"),
    ):
        counter = CounterMetricFamily(name, told, labels=["job"])
        for one in jobs:
            counter.add_metric([one.job], getattr(one, count))
        yield counter
    well = GaugeMetricFamily(
        "award_desk_job_last_success", "When a job last ended well.", labels=["job"], unit="seconds"
    )
    for one in jobs:
        if one.last_success_at is not None:
            well.add_metric([one.job], one.last_success_at.timestamp())
    yield well


@blueprint.get("/health/live")
def live() -> ResponseReturnValue:
    """200 for as long as this process answers at all."""
    return _line({"status": "ok"}, 200)


@blueprint.get("/health/ready")
def ready() -> ResponseReturnValue:
    """200 when requests can be served: the record is there, at this code's version; 503 with what is not."""
    checks: dict[str, Callable[[], bool]] = {"record": _record_is_current, **current_app.extensions["ready"]}
    said = {name: check() for name, check in checks.items()}
    good = all(said.values())
    words = {name: "ok" if well else "not ready" for name, well in said.items()}
    return _line({"status": "ok" if good else "not ready", **words}, 200 if good else 503)


def _record_is_current() -> bool:
    try:
        with pages.office().reading() as session:
            engine = session.get_bind()
        return isinstance(engine, Engine) and is_current(engine)
    except (SQLAlchemyError, OSError):
        return False


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus' text format."""
    return Response(generate_latest(current_app.extensions["metrics"]), content_type=CONTENT_TYPE_LATEST)


def _line(said: Mapping[str, str], status: int) -> Response:
    fresh = {"Cache-Control": "no-store"}
    return Response(json.dumps(said) + "\n", status=status, mimetype="application/json", headers=fresh)
