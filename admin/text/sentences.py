"""Reason codes and values as sentences: what is missing, the candidates, what happened. May not decide anything."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from admin.text import refusals, terms
from admin.text.effect_sentences import strike

Json = Mapping[str, Any]


def missing(entry: Json) -> str:
    """One missing condition of a route (R4.4)."""
    tell = MISSING.get(entry["code"])
    return str(tell(entry)) if tell else str(entry["code"])


def _missing_item(entry: Json) -> str:
    item = entry.get("item") or "?"
    return str(gettext("%(item)s of checklist %(list)s", item=item, list=entry["checklist"]))


def _missing_points(entry: Json) -> str:
    name = terms.term(terms.SCORES, entry["score"])
    return str(gettext("%(score)s is %(have)s, needs %(need)s", score=name, have=entry["have"], need=entry["need"]))


def _missing_cell(entry: Json) -> str:
    wanted = ", ".join(entry.get("cells") or ())
    if wanted:
        return str(gettext("cell is %(cell)s, needs %(wanted)s", cell=entry["cell"], wanted=wanted))
    action = terms.term(terms.ACTIONS, entry.get("action"))
    return str(gettext("cell %(cell)s says: %(action)s", cell=entry["cell"], action=action))


def happened(decision: Json) -> list[str]:
    """What a decision did, most important first. Empty if it only scored."""
    body = decision["body"]
    told = [refusal(body["refused"])] if body.get("refused") else []
    if decision["stage_before"] != decision["stage_after"]:
        before, after = (terms.term(terms.STAGES, decision[name]) for name in ("stage_before", "stage_after"))
        told.append(gettext("stage: %(before)s → %(after)s", before=before or "—", after=after or "—"))
    if decision["owner_before"] != decision["owner_after"]:
        before, after = decision["owner_before"] or "—", decision["owner_after"] or "—"
        told.append(gettext("owner: %(before)s → %(after)s", before=before, after=after))
    told += [_clock(clock) for clock in body.get("clocks", ())]
    if body.get("breach"):
        told.append(
            gettext("clock %(key)s was missed by %(owner)s", key=body["breach"]["key"], owner=_owner(body["breach"]))
        )
    told += [strike(one) for one in body.get("strikes", ())]
    return told + [gettext("%(field)s: “%(raw)s” %(why)s", **_note(note)) for note in body.get("notes", ())]


def refusal(refused: Json) -> str:
    """A refusal of work, with its reason."""
    return str(gettext("refused: %(why)s", why=why_refused(refused)))


def why_refused(refused: Json) -> str:
    """Why work was refused, and how to fix it."""
    return refusals.sentence(refused)


def chosen(choice: Json) -> str:
    """The result of an assignment."""
    role = terms.term(terms.ROLES, choice["role"])
    person, policy = choice.get("chosen"), choice["policy"]
    if person and choice.get("way") == "account":
        text = gettext(
            "%(person)s has another lead of the company and got this one, too; it was nobody's turn.", person=person
        )
    elif person and choice.get("way") == "named":
        text = gettext("%(person)s was named by hand as %(role)s.", person=person, role=role)
    elif person:
        who = {"person": person, "role": role, "policy": policy}
        text = gettext("%(person)s was chosen as %(role)s by policy %(policy)s.", **who)
    else:
        where = terms.term(terms.PLACES, choice.get("otherwise"))
        text = gettext("Nobody could be chosen as %(role)s; the lead goes to: %(where)s.", role=role, where=where)
    return str(text)


def choice_notes(choice: Json) -> list[str]:
    """Notes on an assignment: somebody works on the company, or what speaks against a person named by hand."""
    told = []
    if choice.get("conflict"):
        told.append(
            gettext(
                "%(person)s works on a lead of the same company: the outbound lead waits until that ends.",
                person=choice["conflict"],
            )
        )
    against = [str(terms.term(terms.WARNINGS, code)) for code in choice.get("warnings", ())]
    if against:
        told.append(gettext("This spoke against it: %(reasons)s.", reasons=", ".join(against)))
    return [str(sentence) for sentence in told]


def candidates(choice: Json) -> list[dict[str, Any]]:
    """Candidates grouped by reason, the chosen one first: code, sentence, people."""
    groups: dict[str, list[str]] = {}
    for candidate in choice.get("candidates", ()):
        groups.setdefault(candidate["reason"], []).append(candidate["person"])
    order = sorted(groups, key=lambda code: (code != "chosen", code != "eligible", code))
    return [{"code": code, "why": terms.term(terms.CANDIDATES, code), "people": groups[code]} for code in order]


def people(number: int) -> str:
    """A count of people."""
    return str(gettext("people: %(n)s", n=number))


def _clock(clock: Json) -> str:
    state = terms.term(terms.CLOCK_STATES, clock["state"])
    return str(gettext("clock %(key)s of %(owner)s: %(state)s", key=clock["key"], owner=_owner(clock), state=state))


def _owner(clock: Json) -> str:
    return clock.get("owner") or "—"


def _note(note: Json) -> dict[str, Any]:
    return {"field": note["field"], "raw": note["raw"], "why": terms.term(terms.NOTES, note["code"])}


MISSING: dict[str, Callable[[Json], Any]] = {
    "item": _missing_item,
    "points": _missing_points,
    "flag": lambda entry: gettext("red flag %(flag)s holds", flag=entry["flag"]),
    "confirm": lambda _: gettext("an SDR must confirm"),
    "condition": lambda entry: gettext("the condition of route %(route)s", route=entry["route"]),
    "cell": _missing_cell,
}
