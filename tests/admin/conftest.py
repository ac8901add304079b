"""The web application on real servers."""

import dataclasses
from collections.abc import Iterator

import pytest

from engine.settings import Settings
from tests.admin.api_client import Api, StandingClock
from tests.admin.application import application


@pytest.fixture
def settings(servers: Settings, database: str, redis_url: str) -> Settings:
    """Settings that name this test's own database and an empty queue."""
    return dataclasses.replace(servers, database_url=database, redis_url=redis_url)


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    """The API with a clock that stands still."""
    clock = StandingClock()
    app = application(settings, clock)
    with app.test_client() as client:
        yield Api(app, client, clock)
