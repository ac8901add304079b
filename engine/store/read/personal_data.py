"""Everything that is stored about one person, table by table (GDPR Art. 15). Writes nothing, leaves nothing out.

Rows are as they stand in the database; leads that were merged into the asked one belong to it.
"""

from typing import Any

from psycopg import sql

from engine.errors import NotFound
from engine.store.read.leads import MAX_ID
from engine.store.session import Driver, raw, transaction

BY_LEAD = (
    "identity", "event", "inbox", "decision", "ledger", "clock", "assignment", "track_record", "notice", "erasure",
)  # fmt: skip
"""Tables whose rows are of one lead, in the order of the export."""


def read_personal_data(lead_id: int) -> dict[str, list[dict[str, Any]]]:
    """Table → its rows about a living lead, in the order of their keys. Raises NotFound."""
    with transaction() as connection:
        driver = raw(connection)
        leads = _kin(driver, lead_id)
        if not leads:
            raise NotFound(f"there is no lead {lead_id}")
        found = {"lead": _rows(driver, "lead", "id = ANY(%s)", leads)}
        found |= {table: _rows(driver, table, "lead_id = ANY(%s)", leads) for table in BY_LEAD}
        accounts = sorted({row["account_id"] for row in found["lead"] if row["account_id"] is not None})
        found["account"] = _rows(driver, "account", "id = ANY(%s)", accounts)
        found["merge"] = _rows(driver, "merge", "winner_id = ANY(%s)", leads)
        found["delivery"] = _rows(
            driver, "delivery", "coalesce(payload->'data'->'lead'->>'id', payload->>'lead')::bigint = ANY(%s)", leads
        )
        return found


def _kin(driver: Driver, lead_id: int) -> list[int]:
    if not 0 < lead_id <= MAX_ID:
        return []
    rows = driver.execute(
        "WITH RECURSIVE kin (id) AS (SELECT id FROM lead WHERE id = %s UNION SELECT l.id FROM lead l "
        "JOIN kin ON merged_into = kin.id) SELECT id FROM kin ORDER BY id",
        [lead_id],
    )
    return [number for (number,) in rows]


def _rows(driver: Driver, table: str, condition: str, values: list[int]) -> list[dict[str, Any]]:
    query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE {} ORDER BY 1").format(
        sql.Identifier(table),
        sql.SQL(condition),
    )
    return [row for (row,) in driver.execute(query, [values])]
