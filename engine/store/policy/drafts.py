"""The draft policy: read it, replace it, change one row (docs/contract/design.md §4).

Every write locks the draft, checks that the writer saw what is replaced, keeps the document structurally valid,
increments the revision and adds an entry to the audit log. A save without a change writes nothing. The lint and
publishing check what the parts mean together; a draft may still be wrong there.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from engine.errors import BatonError, NotFound, PolicyRefused
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.policy.draft_rows import join, split
from engine.store.policy.versions import active_number, read_version
from engine.store.schema.draft_tables import PARTS, Draft, DraftClock, DraftEntry, DraftPart
from rulesets import starters
from rulesets.document import document as documents
from rulesets.document.wording import Sentence, says

P = TypeVar("P", bound=DraftPart)
Values = Mapping[str, Any]
STARTER = "growth_smb"
KEPT = frozenset({"path", "parent", "position", "version", "changed_by"})


class DraftConflict(BatonError):
    """Somebody else changed it meanwhile. ``theirs`` are the values stored now, ``yours`` the values that were to be
    written.
    """

    def __init__(self, message: Sentence, by: str | None, version: int, theirs: Values, yours: Values) -> None:
        super().__init__(message)
        self.by, self.version, self.theirs, self.yours = by, version, theirs, yours


@dataclass(frozen=True, slots=True)
class DraftState:
    """The draft at one moment. ``author`` made the last change, ``authors`` all changes since the version ``base``."""

    document: dict[str, Any]
    revision: int
    digest: str
    author: str | None
    authors: tuple[str, ...]
    changed_at: datetime | None
    base: int | None


def load_draft() -> DraftState:
    """The draft. The first call creates it from the version in force, or from the starter."""
    with unit_of_work() as session:
        return _state(session, _locked(session))


def save_draft(
    document: Any, expected_revision: int | None, by: str, *, restored: int | None = None, taken: str | None = None
) -> int:
    """Replace the whole draft and return its revision. With None as the expected revision it replaces any revision.

    For the audit log, ``restored`` is the number of the version that the document is; ``taken`` names what was taken
    into the draft. With ``taken`` the log keeps the whole previous draft, so that the change can be undone
    (`undoable`).

    Raises `PolicyRefused` for an invalid document, `DraftConflict` if the draft has another revision.
    """
    policy = _parsed(document)
    with unit_of_work() as session:
        draft = _locked(session)
        if expected_revision not in {None, draft.revision}:
            message = says(
                "the draft was changed by %(who)s meanwhile: load it again and repeat your change",
                who=str(draft.changed_by),
            )
            raise DraftConflict(message, draft.changed_by, draft.revision, {}, {})
        old = _parsed(_document(session, draft))
        before, after = documents.digest(old), documents.digest(policy)
        kept = {} if taken is None else {"document": documents.plain(old)}
        if before != after:
            _touch(draft, by)
            draft.rest = _replace_rows(session, documents.plain(policy), draft.revision, by)
            session.add(draft)
            audit.record(
                session, actor=by, action="draft.replaced" if restored is None else "draft.restored", subject="draft",
                before={"digest": before, **kept},
                after={"digest": after} | ({"version": restored} if restored else {"taken": taken} if taken else {}),
            )  # fmt: skip
        return draft.revision


def undoable() -> tuple[str, dict[str, Any]] | None:
    """The name of what was taken into the draft last, and the draft before it. None after any other change."""
    state = load_draft()
    last = next(iter(audit.recent_entries(1, "draft")), None)
    if last is None or not last.before or not last.after or last.after["digest"] != state.digest:
        return None
    return (last.after["taken"], last.before["document"]) if "document" in last.before else None


def edit_part(kind: type[P], path: str, expected_version: int, values: Values, by: str) -> int:
    """Change columns of one row and return its version. Raises `DraftConflict`, `PolicyRefused`, `NotFound`."""
    with unit_of_work() as session:
        draft = _locked(session)
        part = _part(session, kind, path)
        before = {name: getattr(part, name) for name in values}
        # No conflict if both editors wrote the same values.
        if part.version != expected_version and before != dict(values):
            raise _conflict(part, before, values)
        if before == dict(values):
            return part.version
        if not _changes_something(session, draft, part, values):
            return part.version
        _write(session, draft, part, by)
        audit.record(
            session, actor=by, action="draft.row_changed", subject=_subject(kind, path),
            before=_plain(before), after=_plain(values),
        )  # fmt: skip
        return part.version


def _changes_something(session: Session, draft: Draft, part: DraftPart, values: Values) -> bool:
    """Set values of a row. Returns whether the policy changed; if not, the old values are restored."""
    unchanged = documents.digest(_parsed(_document(session, draft)))
    before = {name: getattr(part, name) for name in values}
    for name, value in values.items():
        setattr(part, name, value)
    if documents.digest(_parsed(_document(session, draft))) != unchanged:
        return True
    for name, value in before.items():
        setattr(part, name, value)
    return False


def move_part(kind: type[P], path: str, steps: int, by: str) -> None:
    """Move a row among its siblings: up for negative steps, at most to either end. Raises `NotFound`."""
    with unit_of_work() as session:
        draft = _locked(session)
        part = _part(session, kind, path)
        siblings = list(session.exec(select(kind).where(kind.parent == part.parent)))
        siblings.sort(key=lambda row: (row.position, row.path))
        order = [row for row in siblings if row is not part]
        place = max(0, min(len(order), siblings.index(part) + steps))
        order.insert(place, part)
        if order == siblings:
            return
        for number, row in enumerate(order):
            row.position = number
        _write(session, draft, part, by)
        audit.record(
            session, actor=by, action="draft.row_moved", subject=_subject(kind, path), after={"place": place + 1}
        )


def add_part(part: DraftPart, by: str) -> int:
    """Add a row after its siblings and return its version. Raises `PolicyRefused` if the document becomes invalid."""
    kind = type(part)
    with unit_of_work() as session:
        draft = _locked(session)
        if session.get(kind, part.path) is not None:
            raise PolicyRefused(says("there is a %(key)s here already: choose another key", key=repr(part.key)))
        siblings = session.exec(select(kind.position).where(kind.parent == part.parent)).all()
        part.position = max(siblings, default=-1) + 1
        _write(session, draft, part, by)
        audit.record(
            session, actor=by, action="draft.row_added", subject=_subject(kind, part.path), after=_contents(part)
        )
        return part.version


def remove_part(kind: type[P], path: str, by: str) -> None:
    """Remove a row and everything below it. Raises `PolicyRefused` if the document becomes invalid."""
    with unit_of_work() as session:
        draft = _locked(session)
        part = _part(session, kind, path)
        before = _contents(part)
        for row in _all_rows(session):
            if row is part or (row.parent and row.path.startswith(f"{path}/") and kind not in {DraftClock, DraftEntry}):
                session.delete(row)
        session.flush()
        _touch(draft, by)
        session.add(draft)
        _parsed(_document(session, draft))
        audit.record(session, actor=by, action="draft.row_removed", subject=_subject(kind, path), before=before)


def note_published(session: Session, number: int, digest: str, by: str, reason: str, *, bypassed: bool) -> None:
    """In the publication's transaction: add the audit entry. If the draft is what was published, reset its authors.

    A draft that does not exist yet is not created: the first reader creates it from the version in force.
    """
    draft = session.get(Draft, 1, with_for_update=True)
    if draft is not None and documents.digest(_parsed(_document(session, _with_rows(session, draft)))) == digest:
        draft.base, draft.authors = number, []
        session.add(draft)
    action = "policy.published_without_signatures" if bypassed else "policy.published"
    audit.record(session, actor=by, action=action, subject=f"policy/{number}", after={"digest": digest}, reason=reason)


def _locked(session: Session) -> Draft:
    """The draft's row, locked until the transaction ends. Created if there is none."""
    draft = session.get(Draft, 1, with_for_update=True)
    if draft is not None:
        return _with_rows(session, draft)
    number = active_number()
    first = read_version(number).document if number is not None else starters.load(STARTER)
    session.add(Draft(id=1, base=number, rest={}))
    session.flush()
    draft = session.get_one(Draft, 1, with_for_update=True)
    draft.rest = _replace_rows(session, documents.plain(_parsed(first)), 0, None)
    session.add(draft)
    return draft


def _with_rows(session: Session, draft: Draft) -> Draft:
    """The draft. One of an earlier version of Baton, which had fewer row types, is converted first."""
    if {*draft.rest} - {"format"}:
        document = documents.plain(_parsed(_document(session, draft)))
        draft.rest = _replace_rows(session, document, draft.revision, draft.changed_by)
        session.add(draft)
    return draft


def _replace_rows(session: Session, document: dict[str, Any], revision: int, by: str | None) -> dict[str, Any]:
    """Replace the rows by the parts of a document. Unchanged rows keep their version."""
    rest, parts = split(document)
    twice = [path for (_, path), times in Counter((type(part), part.path) for part in parts).items() if times > 1]
    if twice:
        raise PolicyRefused(
            says("a key is in its list twice: %(keys)s; each row needs its own", keys=tuple(sorted(twice)[:10]))
        )
    old = {(type(row), row.path): row for row in _all_rows(session)}
    for part in parts:
        known = old.pop((type(part), part.path), None)
        if known is not None and (known.position, _own(known)) == (part.position, _own(part)):
            continue
        part.version, part.changed_by = revision, by
        if known is None:
            session.add(part)
        else:
            session.merge(part)
    for gone in old.values():
        session.delete(gone)
    return rest


def _write(session: Session, draft: Draft, part: DraftPart, by: str) -> None:
    _touch(draft, by)
    part.version, part.changed_by = draft.revision, by
    session.add_all([draft, part])
    session.flush()
    _parsed(_document(session, draft))


def _touch(draft: Draft, by: str) -> None:
    draft.revision += 1
    draft.changed_by = by
    draft.authors = sorted({*draft.authors, by})


def _state(session: Session, draft: Draft) -> DraftState:
    policy = _parsed(_document(session, draft))
    return DraftState(
        documents.plain(policy), draft.revision, documents.digest(policy), draft.changed_by, tuple(draft.authors),
        draft.changed_at, draft.base,
    )  # fmt: skip


def _document(session: Session, draft: Draft) -> dict[str, Any]:
    return join(draft.rest, _all_rows(session))


def _all_rows(session: Session) -> list[DraftPart]:
    session.flush()
    return [row for kind in PARTS for row in session.exec(select(kind).order_by(col(kind.path)))]


def _part(session: Session, kind: type[P], path: str) -> P:
    part = session.get(kind, path)
    if part is None:
        raise NotFound(
            says("%(row)s is not in the draft any more: somebody removed it or loaded another document", row=path)
        )
    return part


def _parsed(document: Any) -> Any:
    result = documents.parse(document)
    if result.policy is None:
        told = "\n".join(f"{finding.path}: {finding.message}" for finding in result.findings[:20])
        raise PolicyRefused(told, result.findings, document)
    return result.policy


def _conflict(part: DraftPart, theirs: Values, yours: Values) -> DraftConflict:
    theirs, yours = _spread(theirs), _spread(yours)
    differing = [name for name in {**theirs, **yours} if theirs.get(name) != yours.get(name)]
    return DraftConflict(
        says("%(who)s changed this row meanwhile", who=part.changed_by or says("somebody")),
        part.changed_by,
        part.version,
        {name: theirs.get(name) for name in differing},
        {name: yours.get(name) for name in differing},
    )


def _spread(values: Values) -> dict[str, Any]:
    """Values by name; values that share one column are separated."""
    whole = {name: value for name, value in values.items() if name not in {"body", "rest"}}
    return {**whole, **values.get("rest", {}), **values.get("body", {})}


def _contents(part: DraftPart) -> dict[str, Any]:
    """The values of a row, without its place and history."""
    return _plain(_own(part))


def _own(part: DraftPart) -> dict[str, Any]:
    return {name: getattr(part, name) for name in type(part).model_fields if name not in KEPT}


def _plain(values: Values) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _subject(kind: type[DraftPart], path: str) -> str:
    return f"draft/{kind.__tablename__}/{path}"
