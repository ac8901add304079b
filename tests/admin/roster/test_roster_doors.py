"""The roster through the HTTP API and the command line: previews, leads of people who leave, tables, monthly lists."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.store.roster.roster import export_roster, import_roster
from rulesets.roster.eligibility import eligible
from tests.admin import world
from tests.admin.api_client import Api, told
from tests.admin.cli.test_cli import Run, run
from tests.factories import column

__all__ = ["run"]
LI, ZHAO, WANG, CHEN = world.LI, world.ZHAO, world.WANG, world.CHEN


def roster(*people: dict[str, Any]) -> dict[str, Any]:
    return {"format": "baton.roster/1", "people": list(people)}


def events() -> list[Any]:
    return column("SELECT body->'properties'->>'give' FROM event WHERE type = 'roster.changed' ORDER BY id")


@pytest.fixture
def owner(api: Api) -> dict[str, Any]:
    """The owner of a lead in a small world."""
    world.fill(api.clock)
    (email,) = column("SELECT owner FROM lead WHERE owner IS NOT NULL")
    return next(person for person in export_roster()["people"] if person["email"] == email)


# ------------------------------------------------------------------------------------------------ HTTP
def test_leads_of_somebody_who_leaves_are_shown_before_and_given_on_after(api: Api, owner: dict[str, Any]) -> None:
    headers = api.key("hr", ["roster:read", "roster:write"], person=WANG) | {"If-Match": "*"}
    gone = roster({**owner, "active": False})
    shown = told(api.client.put("/v1/roster?preview=true", json=gone, headers=headers))
    (one,) = shown["affected"]
    assert (one["person"], one["cause"], one["manager"]) == (owner["email"], "inactive", WANG)
    assert (sum(one["stages"].values()), shown["updated"]) == (1, [owner["email"]])
    assert events() == []
    done = told(api.client.put("/v1/roster?reassign=manager", json=gone, headers=headers))
    assert (done, events()) == (shown, ["manager"])
    world.decide(api.clock)
    assert column("SELECT owner FROM lead WHERE owner IS NOT NULL") == [WANG]


def test_leads_of_the_absent_stay_unless_somebody_says_otherwise(api: Api, owner: dict[str, Any]) -> None:
    headers = api.key("hr", ["roster:write"]) | {"If-Match": "*"}
    today = api.clock.now().date()
    away = roster({**owner, "absences": [{"from": str(today), "to": str(today + timedelta(days=9))}]})
    back = roster(owner)
    assert told(api.client.put("/v1/roster", json=away, headers=headers))["affected"][0]["cause"] == "absence"
    assert events() == []
    api.client.put("/v1/roster", json=back, headers=headers)
    api.client.put("/v1/roster?absent=policy", json=away, headers=headers)
    assert events() == ["policy"]


@pytest.mark.parametrize("asked", ["reassign=keep", "reassign=nobody", "absent=both", "replace=maybe", "preview=1"])
def test_what_a_parameter_may_say_is_told(api: Api, asked: str) -> None:
    headers = api.key("hr", ["roster:write"]) | {"If-Match": "*"}
    refused = api.client.put(f"/v1/roster?{asked}", json=roster(), headers=headers)
    assert (refused.status_code, told(refused)["parameter"]) == (422, asked.split("=", maxsplit=1)[0])


def test_a_monthly_list_is_put_read_and_previewed(api: Api) -> None:
    import_roster(world.ROSTER, by=WANG)
    headers = api.key("sales", ["roster:read", "roster:write"])
    path = "/v1/roster/eligibility/2026-12?role=sales"
    body = {"emails": [f" {CHEN.upper()}"]}
    expected = {"added": [CHEN], "removed": [], "unchanged": 0}
    assert told(api.client.put(f"{path}&preview=true", json=body, headers=headers)) == expected
    assert told(api.client.get(path, headers=headers)) == {"emails": []}
    assert told(api.client.put(path, json=body, headers=headers)) == expected
    assert told(api.client.get(path, headers=headers)) == {"emails": [CHEN]}


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        ("2026-12?role=sales", {"emails": [CHEN, LI]}, 422, "emails[1]"),
        ("2026-12?role=sales", {"emails": []}, 422, ""),
        ("2026-12?role=manager", {"emails": [CHEN]}, 422, None),
        ("2026-12", {"emails": [CHEN]}, 422, None),
        ("2026-13?role=sales", {"emails": [CHEN]}, 404, None),
        ("2026-12?role=sales", {"emails": CHEN}, 422, None),
        ("2026-12?role=sales", [CHEN], 422, None),
    ],
)
def test_a_bad_list_is_refused_with_the_place(api: Api, path: str, body: Any, status: int, where: str | None) -> None:
    import_roster(world.ROSTER, by=WANG)
    headers = api.key("sales", ["roster:write"])
    refused = api.client.put(f"/v1/roster/eligibility/{path}", json=body, headers=headers)
    assert refused.status_code == status, refused.text
    if where is not None:
        assert [finding["path"] for finding in told(refused)["findings"]] == [where]


# ------------------------------------------------------------------------------------------------ command line
def test_people_go_out_as_a_table_and_its_columns_come_in(run: Run, tmp_path: Path) -> None:
    import_roster(world.ROSTER, by=WANG)
    table = tmp_path / "people.csv"
    table.write_text(run("roster", "export", "--csv").stdout)
    assert "unchanged 4" in run("roster", "import", str(table)).stdout
    table.write_text(f"email,capacity\n{LI},30\n")
    assert "updated 1" in run("roster", "import", str(table)).stdout
    person = next(person for person in export_roster()["people"] if person["email"] == LI)
    assert (person["capacity"], person["territories"]) == (30, ["华东"])
    for text, says in ((f"email,capacity\n{LI},many\n", "line 2"), ("mail\n", "columns of")):
        table.write_text(text)
        refused = run("roster", "import", str(table))
        assert (refused.exit_code, says in refused.output) == (1, True)


def test_the_terminal_shows_whose_leads_go_where(run: Run, tmp_path: Path, owner: dict[str, Any]) -> None:
    path = tmp_path / "roster.json"
    path.write_text(json.dumps(roster({**owner, "active": False})))
    shown = run("roster", "import", str(path), "--preview")
    assert "inactive" in shown.stdout
    assert events() == []
    done = run("roster", "import", str(path), "--reassign", "manager", "--absent", "policy")
    assert (done.stdout, events()) == (shown.stdout, ["manager"])


def test_a_monthly_list_comes_from_a_file(run: Run, tmp_path: Path) -> None:
    import_roster(world.ROSTER, by=WANG)
    path = tmp_path / "list.csv"
    path.write_text(f"name,email\nChen,{CHEN}\n")
    command = ("roster", "eligibility", str(path), "--month", "2026-12", "--role", "sales")
    assert f"+ {CHEN}" in run(*command, "--preview").stdout
    assert eligible(export_roster(), "sales", "2026-12") == []
    assert json.loads(run(*command, "--json").stdout) == {"added": [CHEN], "removed": [], "unchanged": 0}
    assert eligible(export_roster(), "sales", "2026-12") == [CHEN]
    assert "unchanged 1" in run(*command).stdout
    for text, says in ((f"{CHEN}\n{LI}\n", "line 2"), ('"x"y\n', "closing quotation mark"), ("\xff", "line 1")):
        path.write_text(text)
        refused = run(*command)
        assert (refused.exit_code, says in refused.output) == (1, True), refused.output
    path.write_bytes(b"\xff\xfe\n")
    assert "UTF-8" in run(*command).output
