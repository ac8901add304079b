"""Leads of a period by origin, for the reports on speed and conversion. Read in the caller's snapshot.

A lead became ready at the moment of that decision. Its first touch is the first one after it. A lead that skipped
*ready* counts from when it became an MQL. Merged leads count as part of the surviving lead.
"""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.reports.origins import Answered, Travelled, conversion, place_of_stage, speed
from engine.core.reports.tables import Period, Row
from engine.store.session import Driver, raw, transaction
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import Field, Vocabulary, read


def origin_fields() -> list[str]:
    """Fields whose values may be origins: those of the policy in force that are not personal data."""
    with transaction() as connection:
        vocabulary, _ = _vocabulary(raw(connection))
    return sorted(key for key, field in vocabulary.fields.items() if not field.pii and not field.read_only)


def read_speed(driver: Driver, period: Period, by: str) -> dict[str, list[Row]]:
    """Leads that first became ready in the period, and the time to their first touch."""
    value = _reader(driver, by)
    rows = driver.execute(_READY, _asked(period, by))
    return speed(Answered(value(said), seconds) for said, seconds in rows)


def read_conversion(driver: Driver, period: Period, by: str) -> dict[str, list[Row]]:
    """Leads whose first event is in the period, and the furthest stage they reached."""
    value = _reader(driver, by)
    rows = driver.execute(_ROAD, _asked(period, by))
    return conversion(
        Travelled(value(said), max(map(place_of_stage, stages), default=0), seconds) for said, stages, seconds in rows
    )


def _asked(period: Period, by: str) -> dict[str, Any]:
    """The parameters of both queries. A fact about the company is read from its account (R1.7)."""
    company = by.startswith("company.")
    return {"since": period.since, "until": period.until, "field": by, "company": company, "workable": WORKABLE}


def _reader(driver: Driver, by: str) -> Callable[[Any], str | None]:
    """A function that reads a sent value by the policy in force; None if it cannot be read."""
    vocabulary, zone = _vocabulary(driver)
    field = vocabulary.field(by)
    known: dict[str, str | None] = {}

    def value(said: Any) -> str | None:
        if said is None or field is None:
            return None
        # Leads share few values; each is read once.
        if (name := repr(said)) not in known:
            known[name] = _shown(field, said, zone)
        return known[name]

    return value


def _shown(field: Field, said: Any, zone: ZoneInfo) -> str | None:
    value = read(field, said, zone).value
    if value is None:
        return None
    return ", ".join(sorted(map(str, value))) if isinstance(value, frozenset | tuple | list) else str(value)


def _vocabulary(driver: Driver) -> tuple[Vocabulary, ZoneInfo]:
    """Vocabulary and zone of the policy in force; before the first publication, the built-in fields and UTC."""
    row = driver.execute(
        "SELECT document, coalesce((compiled->>'edition')::int, 1) "
        "FROM policy_version JOIN active_policy USING (number)"
    ).fetchone()
    if row is None:
        return Vocabulary.built(), ZoneInfo("UTC")
    policy = Policy.model_validate(row[0])
    return Vocabulary.of(policy, row[1]), ZoneInfo(policy.timezone)


WORKABLE = ["ready", "mql"]
"""Stages in which a person should contact the lead."""
_SAID = """CASE WHEN %(company)s AND l.account_id IS NOT NULL
     THEN (SELECT a.claims->%(field)s FROM account a WHERE a.id = l.account_id)
     ELSE l.claims->%(field)s END"""
"""The slots of a field: the statements of a trusted and of a public source, null where there is none."""
_VALUE = "CASE WHEN jsonb_typeof(said->0) = 'array' THEN said->0->0 ELSE said->1->0 END"
_READY = f"""
WITH became AS (
  SELECT DISTINCT ON (lead_id) lead_id, decided_at FROM decision
  WHERE decided_at >= %(since)s AND decided_at < %(until)s AND stage_after = ANY(%(workable)s)
    AND (stage_before IS NULL OR stage_before <> ALL(%(workable)s))
  ORDER BY lead_id, id
), answered AS (
  SELECT {_SAID} AS said, extract(epoch FROM (
    SELECT min(e.occurred_at) FROM event e
    WHERE e.lead_id = l.id AND e.type = 'lead.touched' AND NOT e.imported AND e.occurred_at >= b.decided_at
  ) - b.decided_at)::float AS seconds
  FROM became b JOIN lead l ON l.id = b.lead_id WHERE l.merged_into IS NULL
)
SELECT {_VALUE}, seconds FROM answered
"""  # noqa: S608 - constants
_ROAD = f"""
WITH RECURSIVE born AS (
  SELECT l.id, l.first_event_at, {_SAID} AS said FROM lead l
  WHERE l.first_event_at >= %(since)s AND l.first_event_at < %(until)s AND l.merged_into IS NULL
), parts AS (
  SELECT id, id AS part FROM born UNION ALL
  SELECT p.id, l.id FROM parts p JOIN lead l ON l.merged_into = p.part
), travelled AS (
  SELECT b.id, array_agg(DISTINCT d.stage_after) AS stages,
         min(e.occurred_at) FILTER (WHERE d.stage_after = 'won') AS won_at
  FROM born b JOIN parts p USING (id)
  JOIN decision d ON d.lead_id = p.part AND d.stage_after IS DISTINCT FROM d.stage_before
  JOIN event e ON e.id = d.event_id GROUP BY b.id
)
SELECT {_VALUE}, coalesce(t.stages, ARRAY[]::text[]),
       CASE WHEN t.won_at IS NOT NULL
         THEN extract(epoch FROM greatest(t.won_at, b.first_event_at) - b.first_event_at)::float END
FROM born b LEFT JOIN travelled t USING (id)
"""  # noqa: S608 - constants
