"""Decides events of a lead one by one in memory, for tests of stages, people and clocks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.core.assignment.assignment import Choice, LeadToAssign, Member, assign
from engine.core.assignment.rotation import Pointers
from engine.core.calendar.schedules import Schedules
from engine.core.decide import action_holds, complete, decide
from engine.core.lead.facts import NO_CLAIMS, fold, known
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState
from engine.core.lead.view import LeadView
from engine.core.outcome import Outcome, PolicyContext, Situation
from engine.core.scoring.plan import frame_of
from engine.core.sla.clocks import SlaClock
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import EDITION
from rulesets.policy.vocabulary import fold as folded
from tests.engine.core.scored_leads import NOW, event, model, policy, signal

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
SAM, SUE = "sam@example.com", "sue@example.com"
HEAD = "head@example.com"
TEAM = tuple(Member(email, "sdr") for email in (ANN, BOB)) + tuple(Member(email, "sales") for email in (SAM, SUE))

MATRIX = {
    "default": {"action": "nurture"},
    "cells": {"A.cold": {"action": "sales"}, "B.cold": {"action": "sdr"}, "C.cold": {"action": "disqualify"}},
}
BY_GRADE = [
    {"key": letter.lower(), "when": {"field": "answers.grade", "op": "eq", "value": letter}, "points": points}
    for letter, points in (("A", 60), ("B", 40), ("C", 20))
]
FIRST_TOUCH = {
    "key": "first_touch",
    "role": "sdr",
    "starts_on": {"stage": "ready"},
    "met_by": ["lead.touched"],
    "window": {"minutes": 30},
    "on_breach": [{"do": "reassign"}],
}
IN_TURN = ({"key": "sdrs", "role": "sdr"}, {"key": "reps", "role": "sales"})


def truth(field: str) -> dict[str, Any]:
    return {"field": f"answers.{field}", "op": "is_true"}


def rules(*clocks: Mapping[str, Any], assignment: Iterable[Any] = IN_TURN, **parts: Any) -> Policy:
    """A policy whose cell follows the answer `grade`, whose route is the answer `budget`, its exclusion `rival`."""
    fit = {"groups": [{"key": "g", "rules": BY_GRADE}]}
    reasons = {
        "reject": [{"key": "no_need"}],
        "release": [{"key": "busy"}],
        "withdraw": [{"key": "merger", "justified": True}, {"key": "mood"}],
    }
    return policy(
        model(({}, signal(points=1)), fit=fit, matrix=MATRIX),
        **{
            "fields": [
                {"key": "answers.grade", "type": "choice", "options": ["A", "B", "C"]},
                *({"key": f"answers.{name}", "type": "boolean"} for name in ("budget", "rival")),
            ],
            "qualification": {
                "exclusions": [{"key": "rival", "when": truth("rival")}],
                "mql": [{"key": "asked", "when": truth("budget")}],
            },
            "assignment": list(assignment),
            "sla": list(clocks),
            "reasons": reasons,
            **parts,
        },
    )


class Story:
    """One lead, event after event; minutes are counted from NOW. ``state`` and ``members`` may be set."""

    def __init__(
        self,
        rules: Policy,
        members: Iterable[Member] = TEAM,
        state: LeadState | None = None,
        edition: int = EDITION,
    ) -> None:
        self.policy, self.members = rules, tuple(members)
        self.state, self.clocks = state or LeadState(), tuple[SlaClock, ...]()
        self.rotations: dict[str, Pointers] = {}
        self.superiors: dict[str, str] = {}
        self.account_owners: tuple[str, ...] = ()
        self._claims, self._history, self._frame = NO_CLAIMS, History(), frame_of(rules)
        self.schedules = Schedules.of(rules, {}, ())
        self._book = PolicyContext(1, rules, InterpreterMatcher(rules), self._rule, edition=edition)

    def happens(
        self, type_: str = "lead.identified", minute: float = 0, /, *, now: float | None = None, **groups: Any
    ) -> Outcome:
        """Decide an event; ``now`` (a minute) is when that is done, by default when it happened."""
        moment = NOW + timedelta(minutes=minute)
        work = {key: groups.pop(key) for key in ("actor", "imported") if key in groups}
        one = replace(event(type_, at=moment, **groups), **work)
        return self._decide(one, moment if now is None else NOW + timedelta(minutes=now))

    def breach(self, key: str, minute: float | None = None) -> Outcome:
        """Fire the running clock of this key and decide its breach."""
        clock = self.clock(key)
        self.clocks = tuple(replace(c, fired=True) if c is clock else c for c in self.clocks)
        late = (clock.due_at - NOW) / timedelta(minutes=1) if minute is None else minute
        return self.happens("sla.breached", late, properties={"clock": clock.id, "key": key})

    def clock(self, key: str) -> SlaClock:
        """The latest clock of this key."""
        return [clock for clock in self.clocks if clock.key == key][-1]

    def stage(self) -> Stage | None:
        return self.state.stage

    def _rule(self, _number: int, key: str) -> Any:
        return next(rule for rule in self.policy.sla if rule.key == key)

    def _decide(self, one: LeadEvent, now: datetime) -> Outcome:
        folded_in = fold(self._claims, one, self._frame.vocabulary, self._frame.zone)
        self._claims, self._history = folded_in.claims, self._history.with_event(one)
        facts = known(self._claims, self._frame.vocabulary, self._frame.zone)
        view = LeadView.of(self._frame, facts, now, self._history)
        situation = Situation(self.state, self.clocks, view, facts_changed=folded_in.changed)
        people = People(
            roles={HEAD: "manager", **{m.email: m.role for m in self.members}},
            managers=frozenset({HEAD}),
            active=frozenset({HEAD, *(m.email for m in self.members if m.active)}),
            superiors=self.superiors,
        )
        outcome = decide(situation, one, self._book, people)
        choice = self._choose(outcome, view, now) if outcome.need else None
        outcome = complete(outcome, choice, situation, one, self._book, now, due=self.schedules.due)
        self.state = outcome.after
        number = max((clock.id or 0 for clock in outcome.clocks), default=0)
        self.clocks = tuple(
            clock if clock.id else replace(clock, id=number + place) for place, clock in enumerate(outcome.clocks, 1)
        )
        return outcome

    def _choose(self, outcome: Outcome, view: LeadView, now: datetime) -> Choice:
        assert outcome.need is not None
        holds = action_holds(outcome, outcome.after, view, self._book)
        outbound = view.value("lead.direction") == "outbound"
        lead = LeadToAssign(_values(view), outcome.after, holds, self.account_owners, outbound)
        need = outcome.need
        made = assign(
            self.policy.assignment, need.role, lead, self.members, self.rotations, now, named=need.named, to=need.to
        )
        for one in (made, *made.tried):
            if one.policy:
                self.rotations[one.policy] = {**self.rotations.get(one.policy, {}), **one.moved}
        return made


def _values(view: LeadView) -> Callable[[str], frozenset[str]]:
    return lambda field: frozenset() if view.value(field) is None else frozenset({folded(str(view.value(field)))})
