"""What of a policy document decides scores, and what decides how statements become facts (R1.4, R3.6).

Two versions with the same `scoring_digest` give every lead the same scores and the same verdict; with the same
`reading_digest` they make the same claims of the same events. Both are told from canonical documents and the edition of
the rules that the version keeps.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from rulesets.conditions.reading import EDITION

SCORING = ("timezone", "fields", "events", "segments", "models", "qualification")
"""Parts of a document that scores and verdicts are made of."""


def scoring_digest(document: Mapping[str, Any], edition: int = EDITION) -> str:
    """What scores and verdicts depend on; ``edition``: of the rules that the version was published under."""
    return _digest({"edition": edition, **{part: document.get(part) for part in SCORING}})


def reading_digest(document: Mapping[str, Any], edition: int = EDITION) -> str:
    """What the reading of statements depends on: the edition; types, options and unknown values of fields."""
    return _digest({"edition": edition, "fields": document.get("fields")})


def _digest(part: Any) -> str:
    return sha256(json.dumps(_without_labels(part), sort_keys=True).encode()).hexdigest()


def _without_labels(part: Any) -> Any:
    """A document's part without what is only shown."""
    if isinstance(part, Mapping):
        return {key: _without_labels(value) for key, value in part.items() if key != "label"}
    return [_without_labels(one) for one in part] if isinstance(part, list | tuple) else part
