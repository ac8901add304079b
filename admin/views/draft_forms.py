"""The forms of the draft's rows, one per kind of part."""

from typing import Any

from flask_admin.form import BaseForm
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, Regexp

from admin.views import terms
from admin.views.fields import Given, PointsField, YamlField
from engine.store.draft_rows import UNITS
from rulesets.policy import GRADES, HEATS

CONDITION_HINT = _l(
    "As YAML, for example {field: company.employees, op: between, value: [50, 200]}. An unknown value satisfies no "
    "test except “unknown”, not even “neq” or “not_in”."
)
UNIT_NAMES = {"seconds": _l("seconds"), "minutes": _l("minutes"), "hours": _l("hours"), "days": _l("days")}
CLOCK_NAMES = {"elapsed": _l("elapsed time, around the clock"), "business": _l("working hours of the owner")}


def _key() -> Any:
    message = _l("A key begins with a small letter and has only small letters, digits and _, at most 40.")
    hint = _l("Cannot be changed later: decisions refer to it.")
    checks = [Given(), Regexp(r"^[a-z][a-z0-9_]{0,39}$", message=message)]
    return StringField(_l("Key"), checks, description=hint)


class PartForm(BaseForm):  # type: ignore[misc] # the library carries no types
    """What every edited row carries: the version its editor read."""

    version = HiddenField()


class ModelForm(PartForm):
    """Edges and bounds of a model."""

    grade_a = PointsField(_l("Grade A from"), description=_l("Fit of at least this is an A; below C it is a D."))
    grade_b = PointsField(_l("Grade B from"))
    grade_c = PointsField(_l("Grade C from"))
    heat_frenzied = PointsField(
        _l("Frenzied from"), description=_l("Engagement of at least this; below warm it is cold.")
    )
    heat_hot = PointsField(_l("Hot from"))
    heat_warm = PointsField(_l("Warm from"))
    fit_start = PointsField(_l("Fit starts at"))
    fit_min = PointsField(_l("Fit at least"))
    fit_max = PointsField(_l("Fit at most"))
    engagement_min = PointsField(_l("Engagement at least"))
    engagement_max = PointsField(_l("Engagement at most"))
    priority = IntegerField(
        _l("Priority"), [Given()], description=_l("The first model whose condition holds scores the lead.")
    )
    when = YamlField(_l("For leads that"), description=CONDITION_HINT)


class GroupForm(PartForm):
    """Bounds of a group."""

    min = PointsField(_l("Sum at least"))
    max = PointsField(_l("Sum at most"), description=_l("What the group may add, however much its rules give."))


class NewGroupForm(GroupForm):
    """A new group of a model."""

    key = _key()
    side = SelectField(_l("Kind"), choices=[("fit", _l("Fit rules")), ("engagement", _l("Signals"))])
    parent = SelectField(_l("Model"))


class RuleForm(PartForm):
    """A fit rule."""

    points = PointsField(_l("Points"), [Given()])
    enabled = BooleanField(_l("Enabled"))
    when = YamlField(_l("Condition"), [Given()], description=CONDITION_HINT)


class NewRuleForm(RuleForm):
    """A new fit rule of a group."""

    key = _key()
    parent = SelectField(_l("Group"))
    enabled = BooleanField(_l("Enabled"), default=True)


class SignalForm(PartForm):
    """A signal."""

    points = PointsField(_l("Points"), [Given()])
    max = PointsField(_l("At most in all"))
    enabled = BooleanField(_l("Enabled"))
    event = YamlField(
        _l("Event"), [Given()], description=_l("An event key such as content.downloaded, or a list of them.")
    )
    when = YamlField(_l("Condition"), description=CONDITION_HINT)
    repeat = YamlField(
        _l("Repeats"),
        description=_l("For example {per: asset, times: 1, window: {days: 30}}. Empty: every time counts."),
    )
    decay = YamlField(
        _l("Fading"), description=_l("For example {curve: half_life, days: 30, floor: 0}. Empty: it does not fade.")
    )


class NewSignalForm(SignalForm):
    """A new signal of a group."""

    key = _key()
    parent = SelectField(_l("Group"))
    enabled = BooleanField(_l("Enabled"), default=True)


class CellForm(PartForm):
    """A cell of the matrix."""

    action = SelectField(_l("What happens"), choices=list(terms.ACTIONS.items()))
    priority = IntegerField(_l("Priority"), [Given(), NumberRange(1, 5)], description=_l("1 comes first, 5 last."))
    assignment = StringField(_l("Assignment policy"), [Optional(), Length(max=40)], filters=[lambda x: x or None])
    sla = YamlField(_l("Clocks"), description=_l("A list such as [first_touch]. Empty: every clock that fits."))


class NewCellForm(CellForm):
    """A cell that takes the default so far."""

    key = SelectField(_l("Cell"), choices=[(f"{g}.{h}", f"{g}.{h}") for g in GRADES for h in HEATS])
    parent = SelectField(_l("Model"))


class ClockForm(PartForm):
    """An SLA clock."""

    window_amount = PointsField(_l("Window"), [Given()])
    window_unit = SelectField(_l("Unit"), choices=[(unit, UNIT_NAMES[unit]) for unit in UNITS])
    clock = SelectField(_l("Counted in"), choices=list(CLOCK_NAMES.items()))
    when = YamlField(_l("For leads that"), description=CONDITION_HINT)
    starts_on = YamlField(_l("Starts on"), [Given()], description=_l("For example {stage: ready}."))
    met_by = YamlField(_l("Met by"), description=_l("Event keys, for example [lead.touched]."))
    on_breach = YamlField(
        _l("On breach"), description=_l("Actions in order, for example [{do: reassign}, {do: notify, to: manager}].")
    )
