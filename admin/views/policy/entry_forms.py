"""The forms of the policy's lists and single parts: one field per part of the document.

Two underscores in a name mean a nested value: `protection__days` is `protection: {days}`.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, Regexp

from admin.text import terms
from admin.views.fields import Given, ReferenceField, ReferencesField, YamlField
from admin.views.forms import RowForm
from admin.views.policy.condition_field import ConditionField
from admin.views.policy.draft_forms import CONDITION_HINT, PartForm
from admin.views.policy.structured import DurationField, LabelField, LinesField, NumberField, RowsField
from rulesets.policy.vocabulary import STAGES, FieldType

LINES = _l("One per line.")


def choice(label: Any, options: Any, *, empty: Any = None) -> Any:
    """A choice of keywords of the document, with their meaning. ``empty``: the label of an empty choice."""
    pairs = [(option, terms.term(terms.WORDS, option)) for option in options]
    return SelectField(label, choices=[*([("", empty)] if empty is not None else []), *pairs])


def whole(label: Any, least: int = 0, **options: Any) -> Any:
    """A whole number, or None."""
    return IntegerField(label, [Optional(), NumberRange(least)], **options)


def line(label: Any, *checks: Any, **options: Any) -> Any:
    """A line of text."""
    return StringField(label, [*checks, Length(max=2000)], **options)


def condition(label: Any = None, *, required: bool = True) -> Any:
    """A condition with the editor."""
    return ConditionField(label or _l("Condition"), [Given()] if required else [], description=CONDITION_HINT)


class Labelled(PartForm):
    """Fields that most rows have."""

    label = LabelField(_l("Label"))


class FieldForm(Labelled):
    """A fact."""

    type = choice(_l("Type"), [kind.value for kind in FieldType])
    options = LinesField(_l("Options"), description=LINES)
    unit = line(_l("Unit"))
    pii = BooleanField(_l("Personal data"))
    unknown_values = LinesField(_l("Texts that mean unknown"), description=LINES)


class EventForm(Labelled):
    """An event."""

    kind = choice(_l("Kind"), ["direct", "latent"])
    asset = line(_l("Asset"), description=_l("Which property names the asset, such as properties.asset_id."))
    aliases = LinesField(_l("Other names"), description=LINES)


class WhenForm(Labelled):
    """A named condition: a segment, a red flag."""

    when = condition()


class ExclusionForm(WhenForm):
    """An exclusion."""

    reason = ReferenceField(_l("Reason"), "reasons.disqualify")


class ItemForm(RowForm):
    """An item of a checklist."""

    key = StringField(_l("Key"), [Regexp(r"^[a-z][a-z0-9_]{0,39}$")])
    label = LabelField(_l("Label"))
    when = ConditionField(_l("Condition"))


class ChecklistForm(Labelled):
    """A checklist and its items."""

    framework = line(_l("Framework"))
    items = RowsField(_l("Items"), ItemForm)
    require__met = whole(_l("Items that must be met"))
    require__fraction = line(_l("or a fraction of them"), description=_l("Such as 2/3; rounded up."))


class RouteForm(Labelled):
    """A route to MQL."""

    cells = LinesField(_l("Cells"), description=_l("One per line, such as A.hot. Empty: any cell."))
    checklist = ReferenceField(_l("Checklist"), "qualification.checklists")
    min_fit = NumberField(_l("Fit at least"))
    min_engagement = NumberField(_l("Engagement at least"))
    when = condition(required=False)
    confirm = choice(_l("Confirmed by"), ["sdr"], empty=_l("nobody"))


class PersonMatchForm(RowForm):
    """Which property of the person must match which field of the lead."""

    rep = choice(_l("The person's"), ["territories", "languages", "industries"], empty="—")
    field = StringField(_l("contain the lead's field"))


class AssignmentForm(Labelled):
    """An assignment policy."""

    role = choice(_l("Role"), ["sdr", "sales"])
    priority = whole(_l("Priority"), -(10**6), description=_l("Low comes first; 100 if empty."))
    when = condition(_l("For leads that"), required=False)
    teams = LinesField(_l("Teams"), description=LINES)
    reps = LinesField(_l("People"), description=LINES)
    match = RowsField(_l("Must fit"), PersonMatchForm)
    strategy = choice(_l("Strategy"), ["round_robin", "weighted", "least_open", "top_performer", "dispatcher"])
    balance_by = choice(_l("Balanced by"), ["department"], empty=_l("nothing"))
    sticky = choice(_l("Stays with"), ["account"], empty=_l("nobody"))
    avoid_previous = BooleanField(_l("Not to who had it before"), default=True)
    off_hours = choice(_l("Off hours"), ["assign", "skip", "wait"])
    returning = choice(_l("Who returns"), ["no_credit", "make_up"])
    otherwise = YamlField(_l("If nobody can"), description=_l("queue, pool, or {policy: key}. Empty: queue."))


class StrikeForm(PartForm):
    """A strike rule."""

    role = choice(_l("Role"), ["sdr", "sales"])
    sla = ReferencesField(_l("Clocks"), "sla")
    consecutive = whole(_l("Misses in a row"), 1)
    suspend = DurationField(_l("Suspended for"))


class ReasonForm(Labelled):
    """A reason."""

    justified = BooleanField(_l("Justified: costs nobody a credit"))


class SampleEventForm(RowForm):
    """An event of a test case."""

    type = StringField(_l("Event"))
    days_ago = NumberField(_l("Days ago"))
    properties = YamlField(_l("Properties"))


class SampleForm(Labelled):
    """A test case."""

    facts = YamlField(_l("Facts"), description=_l("One per line, such as company.employees: 60."))
    events = RowsField(_l("Events"), SampleEventForm)
    now = line(_l("Moment"), description=_l("Empty: the moment of the test."))
    expect = YamlField(
        _l("Expected"),
        [Given()],
        description=_l("One per line: fit, engagement, cell, model, route, excluded, flagged."),
    )


class AcknowledgedForm(PartForm):
    """An accepted warning."""

    code = line(_l("Code"), Given())
    path = line(_l("Where"))
    reason = line(_l("Reason"), Given())


class GeneralForm(PartForm):
    """Name and zone."""

    name = line(_l("Name"), Given())
    timezone = line(_l("Time zone"), Given(), description=_l("Such as Asia/Shanghai."))


class PolicyCalendarForm(PartForm):
    """Working hours."""

    country = line(_l("Country"), description=_l("Two capital letters; its public holidays are off."))
    hours__mon = LinesField(
        _l("Monday"), description=_l("One span per line, such as 09:00-12:00. 22:00-06:00 ends on the next day.")
    )
    hours__tue = LinesField(_l("Tuesday"))
    hours__wed = LinesField(_l("Wednesday"))
    hours__thu = LinesField(_l("Thursday"))
    hours__fri = LinesField(_l("Friday"))
    hours__sat = LinesField(_l("Saturday"))
    hours__sun = LinesField(_l("Sunday"))
    days_off = LinesField(_l("Further days off"), description=_l("One date per line, such as 2026-05-04."))
    workdays = LinesField(_l("Make-up working days"), description=_l("One date per line, such as 2026-05-04."))


class DurationForm(RowForm):
    """One duration of a list."""

    span = DurationField(_l("Time"))


class PoolForm(PartForm):
    """The public pool."""

    stages = LinesField(_l("Stages"), description=_l("One per line, of: %(stages)s.", stages=", ".join(STAGES[:6])))
    protection__days = NumberField(_l("Protected for days"))
    protection__extend = DurationField(_l("An activity extends to"))
    protection__max = DurationField(_l("Never longer than"))
    protection__extend_on = LinesField(_l("Activities that extend"), description=LINES)
    warn_before = RowsField(_l("Warn before the end"), DurationForm, bare="span")
    claim__per_day = whole(_l("Claims per day"))
    claim__holding = whole(_l("Leads held at most"))
    claim__cooldown = DurationField(_l("No second claim within"))


class FeedbackForm(PartForm):
    """The effect of a rejection or release."""

    on_reject = choice(_l("A rejected lead goes to"), ["sdr", "nurture", "pool"], empty=_l("its SDR (as usual)"))
    on_release = choice(_l("A released lead goes to"), ["sdr", "nurture", "pool"], empty=_l("nurture (as usual)"))
    compensate = ReferencesField(_l("Reasons that give the turn back"), "reasons.reject")
