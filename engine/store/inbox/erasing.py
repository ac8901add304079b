"""Events that erase, at the inbox's door: whom they mean, and replays of what an erased person once sent.

``lead.erased`` never makes a lead. It means the lead that its identifiers name now; one that names nobody, or several
leads, is refused before anything is written.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core.lead.identity import naming
from engine.core.qualification.stages import ERASED
from engine.keyed_hash import known_as
from engine.store.session import Driver, raw, transaction

if TYPE_CHECKING:
    from engine.store.inbox.inbox import Intake

UNKNOWN = "unknown_lead"
SEVERAL = "several_leads"


def refused(intakes: Sequence["Intake"]) -> dict[int, str]:
    """Place in the request → why this event can erase nobody: `UNKNOWN` or `SEVERAL`. Repeated events pass."""
    if not any(item.type == ERASED for item in intakes):
        return {}
    with transaction() as connection:
        driver = raw(connection)
        found = ((place, _target(driver, item)) for place, item in enumerate(intakes) if item.type == ERASED)
        several = {place: target for place, target in found if isinstance(target, str)}
        return {place: why for place, why in several.items() if not _is_known(driver, intakes[place])}


def aimed(driver: Driver, intakes: Sequence["Intake"]) -> list["Intake"]:
    """The events with those that erase bound to their leads; those whose lead was erased meanwhile are left out."""
    found = []
    for item in intakes:
        target = _target(driver, item) if item.type == ERASED and item.lead_id is None else item.lead_id
        if not isinstance(target, str):
            found.append(replace(item, lead_id=target) if target is not item.lead_id else item)
    return found


def replayed(driver: Driver, intakes: Sequence["Intake"]) -> set[tuple[str, str]]:
    """Those of these events that were accepted once and whose lead was erased since: their ids are hashes now."""
    (anybody,) = driver.execute("SELECT EXISTS (SELECT FROM erasure)").fetchone() or (False,)
    if not anybody:
        return set()
    asked = {(item.source, name): (item.source, item.id) for item in intakes for name in known_as(item.source, item.id)}
    rows = driver.execute(
        "SELECT source, external_id FROM event JOIN unnest(%s::text[], %s::text[]) AS asked (s, e) "
        "ON source = s AND external_id = e",
        [[source for source, _ in asked], [name for _, name in asked]],
    )
    return {asked[source, name] for source, name in rows}


def _target(driver: Driver, item: "Intake") -> int | str:
    """The one lead that the identifiers of an event name, or why there is none."""
    if item.lead_id is not None:
        return item.lead_id
    named = naming(item.identities)
    leads = driver.execute(
        "SELECT DISTINCT lead_id FROM identity JOIN unnest(%s::text[], %s::text[]) AS asked (k, v) "
        "ON kind = k AND value = v WHERE NOT shared",
        [[kind for kind, _ in named], [value for _, value in named]],
    ).fetchall()
    if len(leads) == 1:
        return int(leads[0][0])
    return SEVERAL if leads else UNKNOWN


def _is_known(driver: Driver, item: "Intake") -> bool:
    return bool(
        driver.execute(
            "SELECT FROM event WHERE source = %s AND external_id = ANY(%s)",
            [item.source, known_as(item.source, item.id)],
        ).fetchall()
    )
