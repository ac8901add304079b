"""Explains a lead in sentences of the reader's language: scores, what is missing, owner.

It needs an application context, for the language. May not compute anything.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import force_locale, gettext

from admin.lead_data.lead_json import decision_json, lead_now_json
from admin.lead_data.ledger import ledger_json
from admin.lead_data.shown_scores import scores_now
from admin.text import sentences, terms
from admin.text.language import LANGUAGES
from engine.store.read import leads

Json = dict[str, Any]
NAMED = 8
"""At most so many people per reason are named; the others are counted."""


def shown_now(record: leads.LeadRecord, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """A lead and its ledger, both as of the same moment."""
    found = scores_now(record, at, full=True)
    return lead_now_json(record, found), ledger_json(record, found)


def explained(lead: dict[str, Any], ledger: dict[str, Any], lang: str) -> list[str]:
    """The sentences about a lead and ledger of `shown_now`, in one language."""
    chosen = leads.last_choice(lead["id"])
    with force_locale(LANGUAGES[lang][0]):
        return explain(lead, ledger, decision_json(chosen) if chosen else None)


def explain(lead: Json, ledger: Json, last: Json | None) -> list[str]:
    """Sentences about a lead, its ledger, and the last decision that assigned it."""
    if lead["stage"] is None:
        return [str(gettext("Nothing about this lead was decided yet; %(n)s events wait.", n=lead["waiting_events"]))]
    parts = (
        _place(lead),
        _stale(ledger),
        _fit(ledger),
        _engagement(ledger),
        _cell(lead),
        _hurdles(lead),
        _person(last),
        _clocks(lead),
    )
    return [str(sentence) for part in parts for sentence in part]


def _place(lead: Json) -> Iterator[Any]:
    stage = terms.term(terms.STAGES, lead["stage"])
    if lead["owner"]:
        yield gettext("The lead is at stage “%(stage)s” and belongs to %(owner)s.", stage=stage, owner=lead["owner"])
    else:
        yield gettext("The lead is at stage “%(stage)s” and belongs to nobody.", stage=stage)
    if lead["queued"]:
        role = terms.term(terms.ROLES, lead["queued"]["role"])
        yield gettext("It waits in the queue for somebody of role %(role)s.", role=role)
    if lead["waiting_events"]:
        yield gettext("%(n)s further events wait to be decided.", n=lead["waiting_events"])


def _stale(ledger: Json) -> Iterator[Any]:
    if ledger.get("stale"):
        yield gettext("The scores are those of the last decision, %(at)s; this moment's cannot be had now.",
                      at=ledger["at"])  # fmt: skip


def _fit(ledger: Json) -> Iterator[Any]:
    yield gettext(
        "Fit is %(fit)s by model %(model)s, starting at %(start)s:",
        fit=_points(ledger["fit"]),
        model=ledger["model"],
        start=_points(ledger["fit_start"] or 0),
    )
    for rule in ledger["fit_rules"]:
        yield f"  {_signed(rule['points'])}  {rule['group']}.{rule['rule']}"
    for group in ledger["fit_groups"]:
        if group["sum"] != group["points"]:
            yield "  " + gettext(
                "group %(group)s is limited from %(sum)s to %(points)s",
                group=group["group"],
                sum=_points(group["sum"]),
                points=_points(group["points"]),
            )


def _engagement(ledger: Json) -> Iterator[Any]:
    yield gettext(
        "Engagement is %(points)s from %(n)s counted events:",
        points=_points(ledger["engagement"]),
        n=len(ledger["ledger"]),
    )
    for line in ledger["ledger"]:
        cut = terms.term(terms.CUTS, line["cut_by"]) if line["cut_by"] else ""
        worth = f"{_signed(line['raw'])} × {line['factor']:.4g} = {_signed(line['value'])}"
        shown = f"  {line['occurred_at'][:10]}  {line['group']}.{line['signal']}: {worth}"
        yield f"{shown} → {_signed(line['contribution'])} ({cut})" if cut else shown
    for adjustment in ledger["adjustments"]:
        yield "  " + gettext(
            "the bounds of %(key)s add %(amount)s", key=adjustment["key"], amount=_signed(adjustment["amount"])
        )
    if ledger["truncated"]:
        yield gettext("Only the latest 10,000 events count.")


def _cell(lead: Json) -> Iterator[Any]:
    scores = lead["scores"]
    heat = terms.term(terms.HEATS, scores["heat"])
    yield gettext("Grade %(grade)s and heat “%(heat)s” make cell %(cell)s.", grade=scores["grade"], heat=heat,
                  cell=scores["cell"])  # fmt: skip


def _hurdles(lead: Json) -> Iterator[Any]:
    if lead["excluded"]:
        yield gettext("Exclusion %(key)s holds.", key=lead["excluded"])
    for flag in lead["flagged"]:
        yield gettext("Red flag %(key)s holds.", key=flag)
    if lead["route"]:
        yield gettext("Route %(route)s is passed.", route=lead["route"])
    if lead["missing"]:
        yield gettext("Missing to become an MQL:")
        yield from (f"  - {sentences.missing(entry)}" for entry in lead["missing"])


def _person(last: Json | None) -> Iterator[Any]:
    if last is None:
        return
    choice = last["assignment"]
    yield sentences.chosen(choice)
    yield from sentences.choice_notes(choice)
    for group in sentences.candidates(choice):
        if group["code"] != "chosen":
            yield f"  - {_people(group['people'])}: {group['why']}"


def _people(emails: list[str]) -> str:
    """The names of a few people, or the number of many."""
    named = ", ".join(emails[:NAMED])
    return named if len(emails) <= NAMED else f"{named}, … ({sentences.people(len(emails))})"


def _clocks(lead: Json) -> Iterator[Any]:
    for clock in lead["clocks"]:
        state = terms.term(terms.CLOCK_STATES, clock["state"])
        yield gettext(
            "Clock %(key)s of %(owner)s is %(state)s; due %(due)s.",
            key=clock["key"],
            owner=clock["owner"] or "—",
            state=state,
            due=clock["due_at"],
        )


def _points(number: float | None) -> str:
    return "—" if number is None else f"{number:g}"


def _signed(number: float) -> str:
    return f"{number:+.2f}".rstrip("0").rstrip(".")
