"""Liveness, readiness and figures."""

import dataclasses
from datetime import timedelta

from admin.app import create_app
from engine.settings import Settings
from tests.admin.api_client import NOW, Api, StandingClock, event, told, zulu
from tests.admin.deciding import decide_all, start_with_policy


def test_the_process_is_alive_whatever_is_down(settings: Settings) -> None:
    broken = dataclasses.replace(
        settings, database_url="postgresql://nobody@127.0.0.1:1/none", redis_url="redis://127.0.0.1:1"
    )
    with create_app(broken, StandingClock()).test_client() as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert told(ready)["ready"] is False
        assert told(ready)["waiting_events"] is None
        assert all(told(ready)["checks"][name] != "ok" for name in ("database", "queue", "migrations", "workers"))
        answer = client.get("/v1/leads", headers={"Authorization": "Bearer baton_00000000_" + "x" * 43})
        assert (answer.status_code, told(answer)["code"], answer.headers["Retry-After"]) == (503, "unavailable", "5")


def test_events_are_accepted_while_the_queue_is_down(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1"), StandingClock())
    with app.test_client() as client:
        api = Api(app, client, StandingClock())
        assert api.send(event(), api.key()).status_code == 202


def test_readiness_counts_what_waits_before_and_after_the_first_publish(api: Api) -> None:
    api.send([event(1), event(2)], api.key())
    api.send(event(3, occurred_at=zulu(NOW + timedelta(hours=2))), api.key("later"))
    found = told(api.client.get("/readyz"))
    assert (found["policy"], found["waiting_events"]) == (None, 2)
    assert found["checks"]["database"] == found["checks"]["queue"] == found["checks"]["migrations"] == "ok"
    assert "baton worker" in found["checks"]["workers"]
    start_with_policy()
    decide_all(api.clock)
    found = told(api.client.get("/readyz"))
    assert (found["policy"]["number"], found["waiting_events"], found["lag_seconds"]) == (1, 0, 0)


def test_figures_are_told_in_prometheus_format(api: Api) -> None:
    start_with_policy()
    api.send([event(1), event(2)], api.key())
    text = api.client.get("/metrics").text
    assert "baton_waiting_events 2.0" in text
    decide_all(api.clock)
    text = api.client.get("/metrics").text
    assert 'baton_leads{stage="ready"} 2.0' in text
    assert "baton_decisions 2.0" in text
    assert str(NOW.year) not in text
