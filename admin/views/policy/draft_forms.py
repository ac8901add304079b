"""The forms of the draft's rows, one per kind of part."""

from typing import Any, get_args

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional, Regexp

from admin.text import terms
from admin.views.fields import Given, PointsField, ReferenceField, YamlField
from admin.views.forms import PageForm, RowForm
from admin.views.policy.condition_field import ConditionField
from admin.views.policy.structured import DurationField, LabelField, LinesField, NumberField, RowsField
from engine.store.policy.draft_rows import UNITS
from rulesets.policy.policy import GRADES, HEATS, Action

CONDITION_HINT = _l(
    "As YAML, for example {field: company.employees, op: between, value: [50, 200]}. An unknown value satisfies no "
    "test except “unknown”, not even “neq” or “not_in”."
)
UNIT_NAMES = {"seconds": _l("seconds"), "minutes": _l("minutes"), "hours": _l("hours"), "days": _l("days")}
CLOCK_NAMES = {"elapsed": _l("elapsed time, around the clock"), "business": _l("working hours of the owner")}


def key_field() -> Any:
    """The key of a new row."""
    message = _l("A key begins with a small letter and has only small letters, digits and _, at most 40.")
    hint = _l("Cannot be changed later: decisions refer to it.")
    checks = [Given(), Regexp(r"^[a-z][a-z0-9_]{0,39}$", message=message)]
    return StringField(_l("Key"), checks, description=hint)


class PartForm(PageForm):
    """Base of the forms of existing rows: the version that the editor read."""

    version = HiddenField()


def _words(label: Any, options: Any, empty: Any = None) -> Any:
    pairs = [(option, terms.term(terms.WORDS, option)) for option in options]
    return SelectField(label, choices=[*([("", empty)] if empty is not None else []), *pairs])


class ClockEventForm(RowForm):
    """An event that meets, cancels or breaks a clock."""

    event = StringField(_l("Event"))
    when = ConditionField(_l("Condition"))
    unless_justified = BooleanField(_l("unless justified"))


class ActionForm(RowForm):
    """An action of a clock."""

    do = _words(_l("Do"), get_args(Action.model_fields["do"].annotation), "—")
    to = StringField(_l("To"), description=_l("owner, manager, team, sdr, or an e-mail"))
    reason = StringField(_l("Reason"))
    tag = StringField(_l("Tag"))


class PercentForm(RowForm):
    """A share of the window."""

    percent = NumberField(_l("Percent of the window"))


class StepForm(RowForm):
    """A step of decay."""

    after_days = NumberField(_l("After days"))
    percent = NumberField(_l("Percent left"))


class ModelForm(PartForm):
    """Edges and bounds of a model."""

    label = LabelField(_l("Label"))
    scores = _words(_l("Scores"), ["lead", "account"])
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
    when = ConditionField(_l("For leads that"), description=CONDITION_HINT)


class NewModelForm(PartForm):
    """A new model. Edges, groups and cells are added later."""

    key = key_field()
    label = LabelField(_l("Label"))
    scores = _words(_l("Scores"), ["lead", "account"])
    priority = IntegerField(_l("Priority"), [Given()], default=100)
    when = ConditionField(_l("For leads that"), description=CONDITION_HINT)


class GroupForm(PartForm):
    """Bounds of a group."""

    label = LabelField(_l("Label"))
    min = PointsField(_l("Sum at least"))
    max = PointsField(_l("Sum at most"), description=_l("What the group may add, however much its rules give."))


class NewGroupForm(GroupForm):
    """A new group of a model."""

    key = key_field()
    side = SelectField(_l("Kind"), choices=[("fit", _l("Fit rules")), ("engagement", _l("Signals"))])
    parent = SelectField(_l("Model"))


class RuleForm(PartForm):
    """A fit rule."""

    label = LabelField(_l("Label"))
    points = PointsField(_l("Points"), [Given()])
    enabled = BooleanField(_l("Enabled"))
    when = ConditionField(_l("Condition"), [Given()], description=CONDITION_HINT)


class NewRuleForm(RuleForm):
    """A new fit rule of a group."""

    key = key_field()
    parent = SelectField(_l("Group"))
    enabled = BooleanField(_l("Enabled"), default=True)


class SignalForm(PartForm):
    """A signal."""

    label = LabelField(_l("Label"))
    points = PointsField(_l("Points"), [Given()])
    max = PointsField(_l("At most in all"))
    enabled = BooleanField(_l("Enabled"))
    event = LinesField(
        _l("Event"),
        [Given()],
        one=True,
        description=_l("An event key such as content.downloaded; several: one per line."),
    )
    when = ConditionField(_l("Condition"), description=CONDITION_HINT)
    repeat__per = _words(_l("Repeats are counted per"), ["event", "asset", "day"], _l("nothing: every time counts"))
    repeat__times = IntegerField(_l("At most so often"), [Optional(), NumberRange(1)])
    repeat__window = DurationField(_l("Within"), description=_l("Empty: for ever."))
    decay__curve = _words(_l("Fading"), ["none", "linear", "half_life", "step", "expire"], "—")
    decay__days = NumberField(_l("Days"), description=_l("Of a half-life, or until it expires."))
    decay__percent = NumberField(_l("Percent"), description=_l("Lost in each period of a linear fading."))
    decay__period = DurationField(_l("Period"))
    decay__steps = RowsField(_l("Steps"), StepForm)
    decay__floor = NumberField(_l("Never below"))


class NewSignalForm(SignalForm):
    """A new signal of a group."""

    key = key_field()
    parent = SelectField(_l("Group"))
    enabled = BooleanField(_l("Enabled"), default=True)


class CellForm(PartForm):
    """A cell of the matrix."""

    action = SelectField(_l("What happens"), choices=list(terms.ACTIONS.items()))
    priority = IntegerField(_l("Priority"), [Given(), NumberRange(1, 5)], description=_l("1 comes first, 5 last."))
    assignment = ReferenceField(_l("Assignment policy"), "assignment", empty=_l("the first that fits"))
    sla = YamlField(_l("Clocks"), description=_l("A list such as [first_touch]. Empty: every clock that fits."))


class NewCellForm(CellForm):
    """A new cell; until now it had the default."""

    key = SelectField(_l("Cell"), choices=[(f"{g}.{h}", f"{g}.{h}") for g in GRADES for h in HEATS])
    parent = SelectField(_l("Model"))


class ClockForm(PartForm):
    """An SLA clock."""

    label = LabelField(_l("Label"))
    role = _words(_l("Role"), ["sdr", "sales", "manager"])
    kind = _words(_l("Kind"), ["deadline", "hold"])
    window_amount = PointsField(_l("Window"), [Given()])
    window_unit = SelectField(_l("Unit"), choices=[(unit, UNIT_NAMES[unit]) for unit in UNITS])
    clock = SelectField(_l("Counted in"), choices=list(CLOCK_NAMES.items()))
    when = ConditionField(_l("For leads that"), description=CONDITION_HINT)
    starts_on__stage = SelectField(
        _l("Starts at stage"), choices=[("", "—"), *((stage, terms.STAGES[stage]) for stage in terms.STAGES)]
    )
    starts_on__event = StringField(_l("or on the event"))
    starts_on__assigned = _words(_l("or when assigned to"), ["sdr", "sales"], "—")
    met_by = RowsField(_l("Met by"), ClockEventForm, bare="event")
    by = _words(_l("Met by whom"), ["owner", "role"])
    cancelled_by = RowsField(_l("Cancelled by"), ClockEventForm, bare="event")
    broken_by = RowsField(_l("Broken by"), ClockEventForm, bare="event")
    warn_at = RowsField(_l("Warn at"), PercentForm, bare="percent")
    on_warn = RowsField(_l("On warning"), ActionForm)
    on_breach = RowsField(_l("On breach"), ActionForm)
    on_held = RowsField(_l("When held"), ActionForm)
    then__after_breaches = IntegerField(_l("After so many breaches"), [Optional(), NumberRange(1)])
    then__actions = RowsField(_l("do instead"), ActionForm)


class NewClockForm(ClockForm):
    """A new clock."""

    key = key_field()
