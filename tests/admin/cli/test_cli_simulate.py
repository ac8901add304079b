"""`baton simulate`: lines, table, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin.cli import baton
from engine.core.reports.tables import SIMULATED

EXAMPLES = Path(__file__).parents[3] / "examples"
POLICY, ROSTER = EXAMPLES / "olist-policy.yaml", EXAMPLES / "olist-roster.yaml"
EVENT: dict[str, Any] = {
    "id": "e1", "type": "landing_page.submitted", "occurred_at": "2026-11-20T09:00:00Z", "lead": {"external_id": "a"},
    "traits": {"source": "paid_search"},
}  # fmt: skip


def simulate(folder: Path, events: str | list[Any], *arguments: str, policy: Path = POLICY) -> Result:
    file = folder / "events.ndjson"
    text = (
        events if isinstance(events, str) else "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in events)
    )
    file.write_text(text, "utf-8")
    return CliRunner().invoke(baton, ["simulate", "--policy", str(policy), "--events", str(file), *arguments])


def test_one_line_a_lead_at_the_moment_of_the_last_event(tmp_path: Path) -> None:
    done = simulate(tmp_path, [EVENT], "--json")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, line["cell"], line["stage"], line["owner"]) == (0, "B.warm", "ready", None)


def test_time_passes_with_the_people_of_the_roster(tmp_path: Path) -> None:
    arguments = ("--until", "2026-11-20T10:00:00Z", "--roster", str(ROSTER), "--json")
    texts = [simulate(tmp_path, [EVENT], *arguments).stdout for _ in range(2)]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["owner"] == "sdr-01@example.com"


def test_people_read_a_table_of_two_policies_side_by_side(tmp_path: Path) -> None:
    done = simulate(tmp_path, [EVENT], "--against", str(EXAMPLES / "xeducation-policy.yaml"))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].split() == ["leads", "1", "1"]


UNTIL = ("--until", "2026-11-22T10:00:00Z", "--roster", str(ROSTER), "--report")


def test_a_report_tells_of_load_clocks_and_fairness(tmp_path: Path) -> None:
    done = simulate(tmp_path, [EVENT, EVENT | {"id": "e2", "lead": {"external_id": "b"}}], *UNTIL)
    assert done.exit_code == 0, done.output
    tables = dict(part.split("\n", 1) for part in done.stdout.split("\n\n")[1:])
    assert set(tables) == set(SIMULATED)
    assert [line.split()[0] for line in tables["stages"].splitlines()] == ["stage", "ready"]
    assert tables["clocks"].splitlines()[1].startswith("first_touch")


def test_two_policies_are_reported_side_by_side_with_every_figure_of_both(tmp_path: Path) -> None:
    shown = simulate(tmp_path, [EVENT], *UNTIL, "--against", str(POLICY))
    head = next(line for line in shown.stdout.splitlines() if line.startswith("person"))
    assert head.split()[:5] == ["person", "assigned", "1", "assigned", "2"]
    told = json.loads(simulate(tmp_path, [EVENT], *UNTIL, "--against", str(POLICY), "--json").stdout)
    one, other = told["policies"]
    assert one == other
    assert one["tables"]["total"][0]["leads"] == 1


def test_an_empty_file_gives_no_lines(tmp_path: Path) -> None:
    done = simulate(tmp_path, "\n", "--json")
    assert (done.exit_code, done.stdout) == (0, "")


def test_an_actor_is_taken_as_written(tmp_path: Path) -> None:
    claimed = EVENT | {"actor": " Ann@Example.com"}
    assert simulate(tmp_path, [claimed], "--json").exit_code == 0


BAD_LINES = [
    ("{", "line 2: the event cannot be read"),
    ("[]", "line 2: the event must be an object"),
    (json.dumps(EVENT | {"occurred_at": "2026-11-20T09:00:00"}), "line 2: occurred_at"),
    (json.dumps(EVENT | {"actor": 7}), "line 2: actor must be"),
    (json.dumps(EVENT | {"actor": "ann"}), "line 2: actor is no e-mail"),
    (json.dumps(EVENT | {"type": "sla.breached"}), "line 2: type sla.breached is made by Baton alone"),
]


@pytest.mark.parametrize(("line", "says"), BAD_LINES, ids=[says for _, says in BAD_LINES])
def test_a_bad_line_is_named_and_nothing_is_simulated(tmp_path: Path, line: str, says: str) -> None:
    done = simulate(tmp_path, f"{json.dumps(EVENT)}\n{line}\n", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert says in done.stderr


def test_every_finding_and_bad_line_is_printed_at_once(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("format: baton.policy/1\nname: x\nmodles: []\n")
    roster = tmp_path / "roster.yaml"
    roster.write_text("format: baton.roster/2\n")
    done = simulate(tmp_path, "{\n", "--roster", str(roster), policy=policy)
    assert done.exit_code == 1
    for part in ("modles", "timezone", "roster.yaml", "line 1", "nothing was simulated"):
        assert part in done.stderr


@pytest.mark.parametrize("name", ["--policy", "--roster"])
def test_a_file_that_is_neither_json_nor_yaml_is_told(tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    done = simulate(tmp_path, [EVENT], name, str(broken))
    assert (done.exit_code, "broken.yaml: error: document" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--now", "2026-11-20T09:00:00Z", "--until", "2026-11-20T09:00:00Z"),
        ("--now", "yesterday"),
        ("--now", "2026-11-20T09:00:00"),
        ("--json", "--against", str(POLICY)),
        ("--report",),
        ("--roster", "no-such-file"),
    ],
)
def test_wrong_use_is_told_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = simulate(tmp_path, [EVENT], *arguments)
    assert done.exit_code == 2
    assert "Error" in done.stderr
