"""Clocks and their actions: values of one row that depend on each other (R6.1, R6.5)."""

from collections.abc import Iterator, Mapping

from rulesets.document.findings import Finding, Place, quoted
from rulesets.document.wording import Word, says
from rulesets.lint.known import DocumentIndex
from rulesets.lint.structure.references import actions
from rulesets.policy.policy import Action

RECIPIENTS = ("owner", "manager", "team", "sdr")

ACTIONS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "notify": (frozenset({"to"}), frozenset()),
    "strike": (frozenset(), frozenset()),
    "reassign": (frozenset(), frozenset()),
    "escalate": (frozenset(), frozenset()),
    "pool": (frozenset(), frozenset()),
    "queue": (frozenset(), frozenset()),
    "recycle": (frozenset(), frozenset({"reason"})),
    "tag": (frozenset({"tag"}), frozenset()),
    "disqualify": (frozenset({"reason"}), frozenset()),
    "credit": (frozenset({"to"}), frozenset()),
}
"""Action → its required parameters, its optional parameters (R6.5)."""


def check_values(known: DocumentIndex) -> Iterator[Finding]:
    """Every clock."""
    for index, clock in enumerate(known.policy.sla):
        if clock.clock == "business" and clock.window.days is not None:
            message = says("a day of business time has no fixed length")
            yield known.error("business-days", ("sla", index, "window"), message, says("give hours, as {hours: 8}"))
        for place, action in actions(("sla", index), clock):
            yield from _check_action(known, place, action)


def _check_action(known: DocumentIndex, place: Place, action: Action) -> Iterator[Finding]:
    (needed, allowed), does = ACTIONS[action.do], Word("action", action.do)
    given = {name for name in ("to", "reason", "tag") if getattr(action, name) is not None}
    for name in sorted(needed - given):
        message = says("%(action)s needs %(key)s", action=does, key=Word("key", name))
        yield known.error("action", place, message, says("add %(key)s", key=Word("key", name)))
    for name in sorted(given - needed - allowed):
        message = says("%(action)s takes no %(key)s", action=does, key=Word("key", name))
        yield known.error("action", (*place, name), message, says("remove it"))
    if action.to is not None and action.to not in RECIPIENTS and "@" not in action.to:
        message = says("%(value)s is neither a role nor an e-mail address", value=quoted(action.to))
        mend = says("one of %(words)s, or an e-mail", words=RECIPIENTS)
        yield known.error("recipient", (*place, "to"), message, mend)
