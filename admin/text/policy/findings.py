"""Findings as pages show them: what is wrong, what to do, and where, with a link to the row.

Codes and the English messages of command line and API are in `rulesets.document.findings`.
"""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext

from admin.text.policy.places import place_words, row_of
from admin.text.policy.wording import reason, worded
from rulesets.document.findings import Finding, Severity
from rulesets.document.wording import Sentence

MOST = 20
"""At most so many findings of a refusal are shown one by one."""


@dataclass(frozen=True, slots=True)
class FindingText:
    """A finding in the reader's language.

    ``link``: the address of the row, if the draft has it. ``accept``: the address of the form that accepts the warning.
    """

    severity: str
    code: str
    where: str
    link: str | None
    says: str
    mend: str
    acknowledged: bool
    accept: str | None = None


def finding_text(finding: Finding, document: Any, *, linked: bool = False) -> FindingText:
    """A finding about a document. ``linked``: the document is the saved draft."""
    row = row_of(finding.place, document) if linked else None
    return FindingText(
        severity=finding.severity.value,
        code=finding.code,
        where=place_words(finding.place, document),
        link=row.address if row else None,
        says=worded(finding.says),
        mend=worded(finding.mend) if finding.mend else "",
        acknowledged=finding.acknowledged,
        accept=_acceptance(finding) if linked else None,
    )


def _acceptance(finding: Finding) -> str | None:
    """The form that accepts a warning. None for red test cases: they block publishing in any case."""
    if finding.severity is Severity.ERROR or finding.acknowledged or finding.code == "red-case":
        return None
    return url_for("draft_acknowledged.create_view", code=finding.code, path=finding.path)


def why(error: BaseException) -> str:
    """Why a document, a row or an action was refused: the reason, then one finding per line."""
    findings = [one for one in getattr(error, "findings", ()) if isinstance(one, Finding)]
    if not findings:
        return reason(error)
    document = getattr(error, "document", None)
    lines = [_line(one, document) for one in findings[:MOST]]
    if isinstance(error.args[0], Sentence):
        lines.insert(0, worded(error.args[0]))
    if len(findings) > MOST:
        lines.append(str(gettext("and %(n)s more", n=len(findings) - MOST)))
    return "\n".join(lines)


def _line(finding: Finding, document: Any) -> str:
    one = finding_text(finding, document)
    said = f"{one.says} ({one.mend})" if one.mend else one.says
    return str(gettext("%(where)s: %(what)s", where=one.where, what=said)) if finding.place else said
