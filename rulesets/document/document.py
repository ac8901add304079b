"""The policy document as text: reading JSON and YAML, the canonical form and its digest (R0.1–R0.5).

``load`` gives raw data, or raises with the line of the error. ``parse`` gives the policy or every structural error.
``canonical`` is RFC 8785 over the validated document, with defaults left out, text in NFC and lists in their order
(R0.5). `rulesets.lint` checks what the parts mean together.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Any

import rfc8785
from pydantic import ValidationError

from rulesets.document.findings import Finding, error
from rulesets.document.json_text import JsonRefused, read_json
from rulesets.document.shape import check_raw, explain_errors
from rulesets.document.wording import reason_of, says
from rulesets.document.yaml_text import YamlRefused, read_yaml, write_yaml
from rulesets.policy.policy import Policy

LARGEST_TEXT = 4 * 1024 * 1024
"""Most bytes of a document; a policy of a thousand rules has about a tenth of that."""


class DocumentUnreadable(ValueError):
    """The text is neither JSON nor YAML that a policy may use; ``findings`` say where and why."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class ParseResult:
    """The policy; or None and the structural errors."""

    policy: Policy | None
    findings: tuple[Finding, ...] = ()


def load(text: str | bytes) -> Any:
    """The raw data of a JSON or YAML text; raises DocumentUnreadable. YAML timestamps stay text."""
    # Some editors on Windows begin a file with a byte order mark.
    text = _decoded(text).removeprefix("\ufeff")
    start = text.lstrip()
    try:
        # A YAML flow mapping may begin with a brace too; in JSON a quote or a closing brace must follow.
        return read_json(text) if start[:1] == "{" and start[1:].lstrip()[:1] in {'"', "}"} else read_yaml(text)
    except (JsonRefused, YamlRefused) as refused:
        told = says("line %(line)s: %(why)s", line=refused.line, why=reason_of(refused))
        raise DocumentUnreadable(error("unreadable", (), told)) from refused


def _decoded(text: str | bytes) -> str:
    # Before decoding, so that a huge upload costs no more memory.
    if len(text) > LARGEST_TEXT:
        raise DocumentUnreadable(error("too-large", (), says("the document is larger than 4 MiB: split the policy")))
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as refused:
        line = text.count(b"\n", 0, refused.start) + 1
        told = says("line %(line)s: not UTF-8; save the file as UTF-8", line=line)
        raise DocumentUnreadable(error("unreadable", (), told)) from refused


def parse(raw: Any) -> ParseResult:
    """The policy of raw data, or all structural errors: unknown keys, wrong types, missing parts. Never raises."""
    findings = check_raw(raw)
    if findings:
        return ParseResult(None, tuple(findings))
    try:
        return ParseResult(Policy.model_validate(raw))
    except ValidationError as refused:
        return ParseResult(None, tuple(explain_errors(raw, refused)))


def plain(policy: Policy) -> dict[str, Any]:
    """The document of a policy as plain data: defaults left out, text in NFC, keys in the contract's order (R0.5)."""
    document = _composed(policy.model_dump(mode="json", exclude_defaults=True))
    assert isinstance(document, dict)  # noqa: S101 - a model is always written as an object
    return document


def _composed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(member) for member in value]
    if isinstance(value, dict):
        return {_composed(key): _composed(member) for key, member in value.items()}
    return value


def canonical(policy: Policy) -> bytes:
    """The canonical form (R0.5): what is signed, digested and compared."""
    return rfc8785.dumps(plain(policy))


def digest(policy: Policy) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(policy)).hexdigest()


def to_yaml(policy: Policy) -> str:
    """The document as YAML; loading it gives a policy of the same digest."""
    return write_yaml(plain(policy))
