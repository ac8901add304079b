"""Try a candidate policy in a subprocess before it may be published.

The matcher's library can hang or crash on some rules. The compiler avoids such rules; the trial verifies that. The
candidate is compiled, built and compared with the interpreter on generated leads, with limits of time and memory. A
crash ends only the subprocess. The result is a list of findings, empty if all is well.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from engine.core.lead.matching import InterpreterMatcher
from engine.matcher.rete import ReteMatcher
from engine.policy.trial_leads import TrialLeads
from rulesets.compile.compiler import compile_policy
from rulesets.conditions.moments import CannotCompile
from rulesets.document.findings import Finding, error
from rulesets.document.wording import says
from rulesets.policy.policy import Policy

SECONDS = 60
MEMORY = 4 * 1024**3  # bytes of address space
LEADS = 300
COMMAND = (sys.executable, "-m", "engine.policy.trial")
TOLD = {
    "matcher-limit": says("this policy cannot be compiled: %(why)s"),
    "matcher-hangs": says("the matcher did not finish this policy within %(seconds)s seconds"),
    "matcher-crashes": says("the matcher broke down on this policy: %(why)s"),
    "matcher-disagrees": says("compiled rules and interpreter disagree about %(rules)s"),
    "matcher-incidents": says("the matcher failed %(n)s times"),
}
"""Code of a finding of the trial → its message."""


def check_in_subprocess(
    policy: Policy, *, seconds: float = SECONDS, memory: int = MEMORY, command: tuple[str, ...] = COMMAND
) -> tuple[Finding, ...]:
    """The findings that prevent publication. Empty if compiled rules and interpreter agree."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(
            command,
            input=json.dumps({"memory": memory, "policy": policy.model_dump(mode="json", exclude_defaults=True)}),
            capture_output=True, text=True, encoding="utf-8", timeout=seconds, env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return (_refused("matcher-hangs", {"seconds": f"{seconds:g}"}),)
    if done.returncode == 0:
        # The last line only: the C library may print lines of its own before.
        return tuple(_refused(found["code"], found["values"]) for found in json.loads(done.stdout.splitlines()[-1]))
    reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return (_refused("matcher-crashes", {"why": reason[0][:300]}),)


def _refused(code: str, values: Mapping[str, str]) -> Finding:
    mend = says("take out the rules added last, one by one, and report the one it breaks on")
    return error(code, (), says(TOLD[code].template, **values), mend)


def run_trial(policy: Policy, leads: int = LEADS) -> list[dict[str, Any]]:
    """Compile, build and compare. Returns the findings as plain data: ``code`` of `TOLD` and its ``values``."""
    try:
        matcher = ReteMatcher(compile_policy(policy), policy)
    except CannotCompile as refused:
        return [{"code": "matcher-limit", "values": {"why": str(refused)}}]
    reference = InterpreterMatcher(policy)
    differing: set[str] = set()
    for view in TrialLeads(policy).views(leads):
        for ruleset in reference.rulesets:
            differing |= matcher.match(ruleset, view) ^ reference.match(ruleset, view)
    if differing:
        return [{"code": "matcher-disagrees", "values": {"rules": ", ".join(sorted(differing)[:20])}}]
    if matcher.incidents:
        return [{"code": "matcher-incidents", "values": {"n": str(matcher.incidents)}}]
    return []


def main() -> None:
    """The subprocess: a policy on standard input, findings on the last line of standard output."""
    asked = json.load(sys.stdin)
    # Set after the imports, before the candidate is built: from here on memory depends on the policy.
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    findings = run_trial(Policy.model_validate(asked["policy"]))
    sys.stdout.write("\n" + json.dumps(findings))


if __name__ == "__main__":
    main()
