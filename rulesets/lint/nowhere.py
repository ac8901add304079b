"""Dead ends: leads for a role without assignment policy, policies that lead to another role, events never sent."""

from collections.abc import Iterator

from rulesets.document.findings import Finding, quoted
from rulesets.document.wording import Sentence, Word, says
from rulesets.lint.meaning import Meaning, signal_groups, signals
from rulesets.policy.policy import OtherPolicy, Policy
from rulesets.policy.vocabulary import BATON_EVENTS


def check_nowhere(meaning: Meaning) -> Iterator[Finding]:
    """Roles, assignment policies, events."""
    yield from _roles(meaning)
    yield from _policies(meaning)
    yield from _silent(meaning)


def _roles(meaning: Meaning) -> Iterator[Finding]:
    """Warns if a role receives leads and no assignment policy has the role."""
    policy = meaning.known.policy
    serving = {assignment.role for assignment in policy.assignment}
    for role, by in _handing(policy).items():
        if by and role not in serving:
            message = says(
                "%(by)s hands leads to %(role)s, but no assignment policy serves that role, so they wait in the queue",
                by=by, role=Word("role", role),
            )  # fmt: skip
            mend = says("add an assignment policy with the role %(role)s", role=Word("role", role))
            yield meaning.warning("nobody-assigned", ("assignment",), message, mend)


def _handing(policy: Policy) -> dict[str, Sentence | None]:
    """Role → the cell or route that sends leads to it; None if there is none."""
    cells = [
        (_cell_named(key), cell.action)
        for model in policy.models
        for key, cell in {"default": model.matrix.default, **model.matrix.cells}.items()
    ]
    # Reversed: the first cell in the document wins, because later entries overwrite earlier ones.
    first = {action: by for by, action in reversed(cells)}
    routes = policy.qualification.mql
    return {
        "sdr": first.get("sdr"),
        "sales": first.get("sales") or (says("the route %(key)s", key=routes[0].key) if routes else None),
    }


def _cell_named(key: str) -> Sentence:
    return says("the default of the matrix") if key == "default" else says("the cell %(cell)s", cell=key)


def _policies(meaning: Meaning) -> Iterator[Finding]:
    assignment = meaning.known.policy.assignment
    roles = {one.key: one.role for one in assignment}
    for index, one in enumerate(assignment):
        other = one.otherwise.policy if isinstance(one.otherwise, OtherPolicy) else one.key
        if roles[other] != one.role:
            message = says(
                "%(one)s serves %(role)s and hands on to %(other)s, which serves %(another)s",
                one=quoted(one.key), role=Word("role", one.role),
                other=quoted(other), another=Word("role", roles[other]),
            )  # fmt: skip
            place = ("assignment", index, "otherwise", "policy")
            yield meaning.warning("leads-nowhere", place, message, says("hand on to a policy of the same role"))
        if one.strategy == "dispatcher" and not one.teams:
            message = says("a dispatcher is the head of the first team, and there is none")
            yield meaning.warning("leads-nowhere", ("assignment", index, "teams"), message, says("name the team"))


def _silent(meaning: Meaning) -> Iterator[Finding]:
    if meaning.seen is None:
        return
    vocabulary = meaning.known.vocabulary
    arrived = {*BATON_EVENTS, *(vocabulary.event_key(name) for name in meaning.seen)}
    for place, model in meaning.models:
        for at, group in signal_groups(place, model):
            for where, signal in signals(at, group):
                if arrived.isdisjoint(signal.events):
                    message = says("nothing has ever sent %(events)s", events=signal.events)
                    hint = says("send it, add the name under which it arrives as an alias, or remove the signal")
                    yield meaning.warning("silent-event", (*where, "event"), message, hint)
