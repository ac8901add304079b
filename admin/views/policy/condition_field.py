"""The form field of a condition: YAML text, with an editor of rows where scripts run.

The form sends the text; `static/condition.js` only writes it. The choices of the editor (operators by type, vocabulary
of the draft) are embedded as data, from the same tables as everywhere.
"""

import json
from typing import Any

from flask import g
from flask_babel import gettext
from markupsafe import Markup

from admin.text.policy.conditions import OPERATORS as PHRASES
from admin.views.fields import YamlField
from engine.store.policy.drafts import load_draft
from rulesets.conditions.conditions import OPERATORS
from rulesets.document import document as documents
from rulesets.policy.vocabulary import Vocabulary

NEEDS_KNOWN = ("neq", "not_in", "not_contains", "has_none")
"""Operators that seem to accept an unknown value, but do not (R2.1). The editor says so."""


class ConditionField(YamlField):
    """A condition as YAML text, with the data of the editor."""

    def __call__(self, **attributes: Any) -> Markup:
        """Render the text. The choices are embedded once per page."""
        text: Markup = super().__call__(**attributes, **{"data-condition": self._as_json(), "spellcheck": "false"})
        if "condition_choices" in g:
            return text
        g.condition_choices = True
        data = json.dumps(choices(), ensure_ascii=False).replace("<", "\\u003c")
        return text + Markup('<script type="application/json" id="condition-choices">{}</script>').format(
            Markup(data)  # noqa: S704 - JSON without any <
        )

    def _as_json(self) -> str:
        """The condition as JSON for the editor. Empty if the text cannot be parsed."""
        return "" if self.data is None else json.dumps(self.data, ensure_ascii=False, default=str)


def choices() -> dict[str, Any]:
    """All choices of the editor, in the reader's language."""
    policy = documents.parse(load_draft().document).policy
    vocabulary = Vocabulary.of(policy) if policy else None
    fields = vocabulary.fields.values() if vocabulary else ()
    return {
        "operators": {
            key: {"says": str(PHRASES[key]), "types": sorted(operator.types), "operand": operator.operand.value}
            for key, operator in OPERATORS.items()
        },
        "fields": {field.key: {"type": field.type.value, "options": list(field.options or ())} for field in fields},
        "events": sorted(vocabulary.events) if vocabulary else [],
        "segments": [segment.key for segment in policy.segments] if policy else [],
        "notes": {key: gettext("An unknown value does not satisfy this either.") for key in NEEDS_KNOWN}
        | {"none": gettext("True when every row is false; a row about an unknown value is false.")},
        "words": words(),
    }


def words() -> dict[str, str]:
    """Texts of the editor."""
    return {
        "all": gettext("all of these hold"),
        "any": gettext("at least one of these holds"),
        "none": gettext("none of these holds"),
        "field": gettext("Field"),
        "property": gettext("Property of the event"),
        "count": gettext("Number of events"),
        "days_since": gettext("Days since an event"),
        "segment": gettext("Segment"),
        "group": gettext("Group"),
        "add": gettext("Add a row"),
        "add_group": gettext("Add a group"),
        "remove": gettext("Remove"),
        "what": gettext("What"),
        "operator": gettext("Operator"),
        "value": gettext("Value"),
        "several": gettext("several, separated by commas"),
        "and": gettext("and"),
        "within": gettext("within days (empty: ever)"),
        "where": gettext("only events for which"),
        "text": gettext("As text (YAML)"),
        "unreadable": gettext("This text is edited as it is: the rows cannot show it."),
        "always": gettext("No rows: always true."),
        "rows": gettext("Condition as rows"),
    }
