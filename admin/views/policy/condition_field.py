"""The field of a condition: an editor of rows with choices where scripts run, and the same condition as YAML always.

The text is what is sent and what counts; `static/condition.js` only writes it. What can be chosen (operators by type,
the vocabulary of the draft) is put beside it as data, from the tables that everything else reads.
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
"""Operators that sound as if an unknown value satisfied them; it does not (R2.1)."""


class ConditionField(YamlField):
    """A condition as YAML text, with the editor's data beside it."""

    def __call__(self, **attributes: Any) -> Markup:
        """The text, marked for the editor; its choices once a page."""
        text: Markup = super().__call__(**attributes, **{"data-condition": self._as_json(), "spellcheck": "false"})
        if "condition_choices" in g:
            return text
        g.condition_choices = True
        data = json.dumps(choices(), ensure_ascii=False).replace("<", "\\u003c")
        return text + Markup('<script type="application/json" id="condition-choices">{}</script>').format(
            Markup(data)  # noqa: S704 - JSON without any <
        )

    def _as_json(self) -> str:
        """The condition for the editor; nothing where what was typed cannot be read."""
        return "" if self.data is None else json.dumps(self.data, ensure_ascii=False, default=str)


def choices() -> dict[str, Any]:
    """Everything a row of the editor offers, in the reader's language."""
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
    """The editor's own texts."""
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
