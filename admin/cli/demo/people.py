"""The roster and the accounts of the demo. All people are made up."""

from typing import Any


def _person(name: str, role: str, team: str, manager: str) -> dict[str, Any]:
    email = f"{name}@example.com"
    return {"email": email, "name": name, "role": role, "team": team, "manager": f"{manager}@example.com"}


ROSTER: dict[str, Any] = {
    "format": "baton.roster/1",
    "teams": [
        {"key": "inbound", "head": "sdr-manager@example.com", "department": "marketing"},
        {"key": "field", "head": "sales-manager@example.com", "department": "sales"},
    ],
    "people": [
        {"email": "sdr-manager@example.com", "name": "sdr-manager", "role": "manager", "team": "inbound"},
        {"email": "sales-manager@example.com", "name": "sales-manager", "role": "manager", "team": "field"},
        *(_person(f"sdr-{number}", "sdr", "inbound", "sdr-manager") for number in range(1, 5)),
        *(_person(f"sales-{number}", "sales", "field", "sales-manager") for number in range(1, 4)),
    ],
}
ACCOUNTS = {
    "admin@example.com": "admin",
    "marketing@example.com": "marketing",
    "sdr-manager@example.com": "sdr_manager",
    "sales-manager@example.com": "sales_manager",
    "sdr-1@example.com": "sdr",
    "sales-1@example.com": "sales",
}
"""E-mail → role of each account."""
