"""Side effects of a decision as sentences: notifications, records, strikes, protection, tags.

It reads what `engine.core.explain` wrote. Unknown codes, from a later version, are shown as they are.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l

from admin.text import notices, terms

Json = Mapping[str, Any]

RECEIVERS = {
    "owner": _l("the owner"),
    "manager": _l("the manager"),
    "team": _l("the team"),
    "sdr": _l("the SDR"),
}
"""Receiver of a notification → its name. Other receivers are e-mails."""
RECORDS = {
    "accepted": _l("accepted a lead"),
    "rejected": _l("rejected a lead"),
    "released": _l("released a lead"),
    "claimed": _l("claimed a lead"),
    "met": _l("met a clock in time"),
    "missed": _l("missed a clock"),
    "lost": _l("lost a lead to the public pool"),
    "credit": _l("receives credit"),
}
"""Kind of a record (`engine.core.notify.effects.RECORD_KINDS`) → what the person did."""


def follows(body: Json) -> list[str]:
    """The side effects of a decision, in its order. Strikes are part of `sentences.happened`."""
    told = []
    if actions := body.get("actions"):
        names = ", ".join(str(terms.term(terms.WORDS, action.get("do"))) for action in actions)
        told.append(gettext("the clock does: %(actions)s", actions=names))
    if body.get("protected_until"):
        told.append(gettext("the owner may keep the lead until %(at)s", at=_moment(body["protected_until"])))
    return [str(line) for line in (*told, *map(effect, body.get("effects", ())))]


def effect(one: Json) -> str:
    """One effect as a sentence."""
    tell = EFFECTS.get(one["does"])
    return str(tell(one)) if tell else str(one["does"])


def strike(one: Json) -> str:
    """The result of a strike."""
    if one.get("suspended_until"):
        until = _moment(one["suspended_until"])
        return str(
            gettext(
                "%(person)s receives no leads until %(until)s: too many misses in a row",
                person=one["person"],
                until=until,
            )
        )
    values = {name: one[name] for name in ("person", "count", "of")}
    return str(gettext("strike %(count)s of %(of)s in a row for %(person)s", **values))


def _tell(one: Json) -> str:
    to = terms.term(RECEIVERS, one["to"])
    return str(gettext("%(to)s is told: %(what)s", to=to, what=notices.name_of(one["kind"])))


def _record(one: Json) -> str:
    what = terms.term(RECORDS, one["kind"])
    if one.get("key"):
        return str(gettext("on record: %(person)s %(what)s (%(key)s)", person=one["person"], what=what, key=one["key"]))
    return str(gettext("on record: %(person)s %(what)s", person=one["person"], what=what))


def _moment(text: str) -> str:
    return str(format_datetime(datetime.fromisoformat(text), "medium"))


EFFECTS: dict[str, Callable[[Json], str]] = {
    "tell": _tell,
    "record": _record,
    "strike": lambda one: gettext(
        "the miss of clock %(clock)s counts for %(person)s", clock=one["clock"], person=one["person"]
    ),
    "tag": lambda one: gettext("the lead is tagged %(tag)s", tag=one["tag"]),
    "compensate": lambda one: gettext(
        "%(person)s gets the turn in policy %(policy)s back", person=one["person"], policy=one["policy"]
    ),
}
"""``does`` of an effect → its sentence."""
