"""Input of the whole-path benchmark: a policy of 200 rules, and events of leads that it scores."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.matching_engines import policy_of
from benchmarks.matching_rules import random_leads, random_rules
from rulesets.document import document

RULES = 200
EVENTS_PER_LEAD = 4


def write_policy(path: Path) -> None:
    """200 fit rules of the matching benchmark, one decaying signal, a matrix and an assignment policy."""
    plain: dict[str, Any] = document.plain(policy_of(random_rules(RULES, Random(RULES))))
    model = plain["models"][0]
    model["fit"]["grades"] = {"A": 30, "B": 10, "C": 5}
    fading = {"curve": "half_life", "days": 30}
    signal = {"key": "paper", "event": "content.downloaded", "points": 5, "decay": fading}
    model["engagement"] = {
        "groups": [{"key": "content", "signals": [signal]}],
        "heats": {"frenzied": 80, "hot": 50, "warm": 9},
    }
    model["matrix"] = {"default": {"action": "nurture"}, "cells": {"B.warm": {"action": "sdr"}}}
    plain["events"] = [{"key": "content.downloaded", "kind": "latent"}]
    plain["assignment"] = [{"key": "inbound", "role": "sdr"}]
    path.write_text(json.dumps(plain))


def write_roster(path: Path) -> None:
    """Ten people."""
    people = [{"email": f"sdr{number}@example.com", "name": f"SDR {number}", "role": "sdr"} for number in range(10)]
    path.write_text(json.dumps({"format": "baton.roster/1", "people": people}))


def lists(name: str, events: int, size: int) -> Iterator[bytes]:
    """Request bodies with this many events in total: a profile of each new lead, then its behaviour."""
    stream = _events(name, events)
    while chunk := list(itertools.islice(stream, size)):
        yield json.dumps(chunk).encode()


def _events(name: str, events: int) -> Iterator[dict[str, Any]]:
    leads = random_leads(-(-events // EVENTS_PER_LEAD), Random(name))
    for number in range(events):
        lead, turn = divmod(number, EVENTS_PER_LEAD)
        event: dict[str, Any] = {
            "id": f"{name}-{number}",
            "type": "lead.identified" if turn == 0 else "content.downloaded",
            "occurred_at": datetime.now(UTC).isoformat(),
            "lead": {"external_id": f"{name}-{lead}"},
        }
        yield event | (_groups(leads[lead]) if turn == 0 else {"properties": {"asset_id": f"paper-{turn}"}})


def _groups(facts: dict[str, Any]) -> dict[str, Any]:
    groups: dict[str, Any] = {"traits": {}, "company": {}, "answers": {}}
    for field, value in facts.items():
        group, _, key = field.partition(".")
        groups["traits" if group == "lead" else group][key] = value
    return groups
