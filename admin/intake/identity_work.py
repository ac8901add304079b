"""Work on who is who, looked at before it is taken in: `lead.merged`, its undoing, and `lead.separated`.

What cannot be done is refused with a sentence. The database is asked by `engine.store.inbox.merge_requests`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from admin.intake.envelope import ItemRefused
from admin.intake.identifiers import READERS, UnusableIdentifier, read_identifier
from engine.store.inbox.inbox import Intake
from engine.store.inbox.merge_requests import is_known, separable, why_impossible

WRITE_IDENTIFIER = 'needs properties {"identifier": …}: one identifier of the lead, such as its e-mail address'


def check_identity_work(intake: Intake) -> Intake:
    """The event, its identifier in its normal form; raises ItemRefused for what cannot be done."""
    if intake.type not in {"lead.merged", "lead.separated"} or is_known(intake.source, intake.id):
        return intake
    if intake.type == "lead.separated":
        return _separation(intake)
    why = why_impossible(intake.identities, intake.properties)
    if why is not None:
        raise ItemRefused("impossible_merge", "properties", why)
    return intake


def _separation(intake: Intake) -> Intake:
    spelt = _spellings(intake.properties)
    if not spelt:
        raise ItemRefused("impossible_separation", "properties", WRITE_IDENTIFIER)
    found = separable(intake.identities, spelt)
    if isinstance(found, str):
        raise ItemRefused("impossible_separation", "properties.identifier", found)
    kind, value = found
    return replace(intake, properties={**intake.properties, "identifier": {kind: value}})


def _spellings(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the identifier may be: of its kind, or of any kind where only the text is given."""
    given = properties.get("identifier")
    named = given if isinstance(given, dict) else dict.fromkeys(READERS, given)
    found = []
    for kind, text in named.items():
        try:
            normal = read_identifier(kind, text) if kind in READERS and isinstance(text, str) else None
        except UnusableIdentifier:
            continue
        found += [(kind, normal)] if normal else []
    return found
