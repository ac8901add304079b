"""Digests of the parts of a policy that determine scores, and of those that determine facts (R1.4, R3.6).

Two versions with the same `scoring_digest` give every lead the same scores and verdict. Two versions with the same
`reading_digest` read the same facts from the same events. Both need the canonical document and the version's edition.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from rulesets.conditions.reading import EDITION

SCORING = ("timezone", "fields", "events", "segments", "models", "qualification")
"""Parts of a document that scores and verdicts depend on."""


def scoring_digest(document: Mapping[str, Any], edition: int = EDITION) -> str:
    """The digest of the parts that scores and verdicts depend on, and of the version's edition of the rules."""
    return _digest({"edition": edition, **{part: document.get(part) for part in SCORING}})


def reading_digest(document: Mapping[str, Any], edition: int = EDITION) -> str:
    """The digest of what reading depends on: the edition; types, options and unknown values of fields."""
    return _digest({"edition": edition, "fields": document.get("fields")})


def _digest(part: Any) -> str:
    return sha256(json.dumps(_without_labels(part), sort_keys=True).encode()).hexdigest()


def _without_labels(part: Any) -> Any:
    """A part of a document without labels, which are only shown."""
    if isinstance(part, Mapping):
        return {key: _without_labels(value) for key, value in part.items() if key != "label"}
    return [_without_labels(one) for one in part] if isinstance(part, list | tuple) else part
