"""The policy as values: one frozen class per part of `baton.policy/1` (POLICY.md §0, §§3–8, §10).

Shape only: types, required parts, bounds of a single value. What parts mean together (references, cycles, types of
operands) is `rulesets.lint`; text and digest are `rulesets.document`.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from rulesets.conditions import ALWAYS, Condition
from rulesets.numbers import Number, Points
from rulesets.vocabulary import FieldType

FORMAT = "baton.policy/1"
GRADES = ("A", "B", "C", "D")
HEATS = ("frenzied", "hot", "warm", "cold")
Grade = Literal["A", "B", "C", "D"]
Heat = Literal["frenzied", "hot", "warm", "cold"]
Role = Literal["sdr", "sales", "manager"]
Stage = Literal["raw", "nurture", "ready", "mql", "sql", "opportunity", "won", "lost", "disqualified"]


Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DottedKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,2}$", max_length=80)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=2000)]


class Part(BaseModel):
    """Base of every part: immutable, and an unknown key is an error (R0.3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(Part):
    """A label in up to three languages."""

    en: Text | None = None
    zh_Hans: Text | None = None  # noqa: N815 - the locale's own spelling
    zh_Hant: Text | None = None  # noqa: N815 - as above


class Keyed(Part):
    """A part with a ``key`` unique in its list, and an optional ``label``."""

    key: Key
    label: Text | Labels | None = None


class Duration(Part):
    """Exactly one unit, positive (R0.4)."""

    seconds: Annotated[Number, Field(gt=0)] | None = None
    minutes: Annotated[Number, Field(gt=0)] | None = None
    hours: Annotated[Number, Field(gt=0)] | None = None
    days: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Duration":
        if len(self.model_fields_set) != 1 or self.timedelta > timedelta(days=36_600):
            raise ValueError("give exactly one of seconds, minutes, hours, days, a century at most")
        return self

    @property
    def timedelta(self) -> timedelta:
        """The exact length, to the microsecond."""
        seconds = (self.seconds or 0) + 60 * (self.minutes or 0) + 3600 * (self.hours or 0) + 86_400 * (self.days or 0)
        return timedelta(microseconds=int(min(seconds, 10**13) * 1_000_000))


class FieldDef(Part):
    """A declared fact (R1.1)."""

    key: DottedKey
    label: Text | Labels | None = None
    type: FieldType
    options: tuple[Text, ...] = ()
    unit: Text | None = None
    pii: bool = False
    unknown_values: tuple[str, ...] = ()


class EventDef(Part):
    """A declared event (R1.8)."""

    key: DottedKey
    label: Text | Labels | None = None
    kind: Literal["direct", "latent"]
    asset: Text | None = None
    aliases: tuple[Text, ...] = ()


class Segment(Keyed):
    """A named condition."""

    when: Condition


class FitRule(Keyed):
    """Points for who the lead is."""

    when: Condition
    points: Points
    enabled: bool = True


class FitGroup(Keyed):
    """Fit rules whose sum is clamped."""

    min: Points | None = None
    max: Points | None = None
    rules: tuple[FitRule, ...] = ()


class Fit(Part):
    """The static score (R3.3)."""

    start: Points = Decimal(0)
    groups: tuple[FitGroup, ...] = ()
    min: Points | None = None
    max: Points | None = None
    grades: dict[Literal["A", "B", "C"], Points] = {}


class Repeat(Part):
    """How often a signal may count (R3.4, step 3)."""

    per: Literal["event", "asset", "day"]
    times: Annotated[int, Field(strict=True, gt=0)] | None = None
    window: Duration | None = None


class Step(Part):
    """One step of a step decay."""

    after_days: Annotated[Number, Field(ge=0)]
    percent: Annotated[Number, Field(ge=0, le=100)]


class Decay(Part):
    """How a signal fades (R3.4, step 4)."""

    curve: Literal["none", "linear", "half_life", "step", "expire"]
    percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    period: Duration | None = None
    days: Annotated[Number, Field(gt=0)] | None = None
    steps: tuple[Step, ...] = ()
    floor: Annotated[Points, Field(ge=0)] | None = None


class Signal(Keyed):
    """Points for what the lead does."""

    event: DottedKey | Annotated[tuple[DottedKey, ...], Field(min_length=1)]
    when: Condition = ALWAYS
    points: Points
    max: Annotated[Points, Field(ge=0)] | None = None
    repeat: Repeat | None = None
    decay: Decay | None = None
    enabled: bool = True

    @property
    def events(self) -> tuple[str, ...]:
        """The event keys this signal listens to."""
        return (self.event,) if isinstance(self.event, str) else self.event


class SignalGroup(Keyed):
    """Signals whose total is clamped."""

    min: Points | None = None
    max: Points | None = None
    signals: tuple[Signal, ...] = ()


class Engagement(Part):
    """The dynamic score (R3.4)."""

    groups: tuple[SignalGroup, ...] = ()
    min: Points | None = None
    max: Points | None = None
    heats: dict[Literal["frenzied", "hot", "warm"], Points] = {}


class Cell(Part):
    """What happens to a lead of one grade and heat (R3.8)."""

    action: Literal["sales", "sdr", "nurture", "hold", "disqualify"]
    priority: Annotated[int, Field(strict=True, ge=1, le=5)] = 3
    assignment: Key | None = None
    sla: tuple[Key, ...] | None = None


class Matrix(Part):
    """The sixteen cells; those not listed take ``default``."""

    default: Cell = Cell(action="nurture")
    cells: dict[Annotated[str, Field(pattern=r"^[ABCD]\.(frenzied|hot|warm|cold)$")], Cell] = {}

    def cell(self, grade: str, heat: str) -> Cell:
        """The cell of a grade and heat."""
        return self.cells.get(f"{grade}.{heat}", self.default)


class Model(Keyed):
    """One scoring model (§3)."""

    priority: Annotated[int, Field(strict=True)] = 100
    when: Condition = ALWAYS
    scores: Literal["lead", "account"] = "lead"
    fit: Fit = Fit()
    engagement: Engagement = Engagement()
    matrix: Matrix = Matrix()


class Exclusion(Keyed):
    """Makes a lead disqualified while it holds (R4.1)."""

    when: Condition
    reason: Key | None = None


class RedFlag(Keyed):
    """Stops an MQL while it holds (R4.2)."""

    when: Condition


class ChecklistItem(Keyed):
    """One fact to establish."""

    when: Condition


class Require(Part):
    """How many items must be met: a count, or a fraction of the items rounded up."""

    met: Annotated[int, Field(strict=True, ge=0)] | None = None
    fraction: Annotated[str, Field(pattern=r"^[0-9]{1,4}/[1-9][0-9]{0,3}$")] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Require":
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of met, fraction")
        return self


class Checklist(Keyed):
    """A qualification framework as N of M facts."""

    framework: Text | None = None
    items: Annotated[tuple[ChecklistItem, ...], Field(min_length=1)]
    require: Require

    @property
    def required(self) -> int:
        """How many items must be met."""
        if self.require.fraction is None:
            return self.require.met or 0
        over, under = map(int, self.require.fraction.split("/"))
        return -(-over * len(self.items) // under)


class Route(Keyed):
    """One way to become an MQL (R4.3)."""

    when: Condition | None = None
    cells: tuple[Annotated[str, Field(pattern=r"^[ABCD]\.(frenzied|hot|warm|cold)$")], ...] = ()
    checklist: Key | None = None
    min_fit: Points | None = None
    min_engagement: Points | None = None
    confirm: Literal["sdr"] | None = None


class Qualification(Part):
    """Exclusions, red flags, checklists and routes (§4)."""

    exclusions: tuple[Exclusion, ...] = ()
    red_flags: tuple[RedFlag, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    mql: tuple[Route, ...] = ()


class Feedback(Part):
    """Where rejected and released leads go (R4.5, R4.7)."""

    on_reject: Literal["sdr", "nurture", "pool"] = "sdr"
    on_release: Literal["sdr", "nurture", "pool"] = "nurture"
    compensate: tuple[Key, ...] = ()


class PersonMatch(Part):
    """The lead's value must be in a list of the person (R5.3)."""

    rep: Literal["territories", "languages", "industries"]
    field: DottedKey


class OtherPolicy(Part):
    """Continue with another assignment policy."""

    policy: Key


class AssignmentPolicy(Keyed):
    """Who may get a lead, and how one of them is chosen (§5)."""

    role: Literal["sdr", "sales"]
    priority: Annotated[int, Field(strict=True)] = 100
    when: Condition = ALWAYS
    teams: tuple[Key, ...] = ()
    reps: tuple[Text, ...] = ()
    match: tuple[PersonMatch, ...] = ()
    strategy: Literal["round_robin", "weighted", "least_open", "top_performer", "dispatcher"] = "round_robin"
    balance_by: Literal["department"] | None = None
    sticky: Literal["account"] | None = None
    avoid_previous: bool = True
    off_hours: Literal["assign", "skip", "wait"] = "assign"
    returning: Literal["no_credit", "make_up"] = "no_credit"
    otherwise: Literal["queue", "pool"] | OtherPolicy = "queue"


class StartsOn(Part):
    """What starts a clock: exactly one of a stage, an event, an assignment."""

    stage: Stage | None = None
    event: DottedKey | None = None
    assigned: Literal["sdr", "sales"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "StartsOn":
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of stage, event, assigned")
        return self


class EventMatch(Part):
    """An event that meets, cancels or breaks a clock."""

    event: DottedKey
    when: Condition | None = None
    unless_justified: bool = False


class Action(Part):
    """What a clock does (R6.5); which of ``to``, ``reason``, ``tag`` an action takes is checked by the lint."""

    do: Literal["notify", "strike", "reassign", "escalate", "pool", "queue", "recycle", "tag", "disqualify", "credit"]
    to: Text | None = None
    reason: Key | None = None
    tag: Text | None = None


class Chain(Part):
    """Actions that replace ``on_breach`` after several breaches."""

    after_breaches: Annotated[int, Field(strict=True, ge=1)]
    actions: tuple[Action, ...] = ()


class SlaClock(Keyed):
    """One clock (§6)."""

    role: Literal["sdr", "sales", "manager"]
    kind: Literal["deadline", "hold"] = "deadline"
    starts_on: StartsOn
    when: Condition = ALWAYS
    met_by: tuple[DottedKey | EventMatch, ...] = ()
    by: Literal["owner", "role"] = "owner"
    cancelled_by: tuple[DottedKey | EventMatch, ...] = ()
    broken_by: tuple[DottedKey | EventMatch, ...] = ()
    window: Duration
    clock: Literal["elapsed", "business"] = "elapsed"
    warn_at: tuple[Annotated[int, Field(strict=True, gt=0, lt=100)], ...] = ()
    on_warn: tuple[Action, ...] = ()
    on_breach: tuple[Action, ...] = ()
    on_held: tuple[Action, ...] = ()
    then: Chain | None = None


class StrikeRule(Part):
    """Consecutive misses lead to a suspension (R6.6)."""

    role: Literal["sdr", "sales"]
    sla: Annotated[tuple[Key, ...], Field(min_length=1)]
    consecutive: Annotated[int, Field(strict=True, ge=1)]
    suspend: Duration


class Protection(Part):
    """How long an owner may keep a lead (R7.1)."""

    days: Annotated[Number, Field(gt=0)]
    extend: Duration | None = None
    max: Duration | None = None
    extend_on: tuple[DottedKey, ...] = ()


class Claim(Part):
    """Limits of claiming from the pool (R7.3)."""

    per_day: Annotated[int, Field(strict=True, ge=0)] | None = None
    holding: Annotated[int, Field(strict=True, ge=0)] | None = None
    cooldown: Duration | None = None


class Pool(Part):
    """The public pool (§7)."""

    stages: tuple[Stage, ...] = ("ready", "mql")
    protection: Protection | None = None
    warn_before: tuple[Duration, ...] = ()
    claim: Claim = Claim()


class Reason(Keyed):
    """A reason people choose."""

    justified: bool = False


class Reasons(Part):
    """The lists of reasons."""

    reject: tuple[Reason, ...] = ()
    release: tuple[Reason, ...] = ()
    disqualify: tuple[Reason, ...] = ()
    withdraw: tuple[Reason, ...] = ()
    lost: tuple[Reason, ...] = ()


class WorkingCalendar(Part):
    """The policy's own working time (§8)."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[str, ...]] | None = None
    days_off: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()


class SampleEvent(Part):
    """An event of a test case."""

    type: DottedKey
    days_ago: Annotated[Number, Field(ge=0)]
    properties: dict[str, JsonValue] = {}


class Expectation(Part):
    """What a test case expects; what is absent is not compared."""

    fit: Points | None = None
    engagement: Points | None = None
    cell: Text | None = None
    model: Key | None = None
    route: Key | None = None
    excluded: Key | None = None
    flagged: tuple[Key, ...] | None = None


class SampleCase(Keyed):
    """A test case inside the policy (§10)."""

    facts: dict[str, JsonValue] = {}
    events: tuple[SampleEvent, ...] = ()
    now: Text | None = None
    expect: Expectation


class Acknowledgement(Part):
    """A lint warning somebody accepted."""

    code: Text
    path: str
    reason: Text


class Policy(Part):
    """A whole `baton.policy/1` document."""

    format: Literal["baton.policy/1"]
    name: Text
    timezone: Text
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    calendar: WorkingCalendar | None = None
    fields: tuple[FieldDef, ...] = ()
    events: tuple[EventDef, ...] = ()
    segments: tuple[Segment, ...] = ()
    qualification: Qualification = Qualification()
    assignment: tuple[AssignmentPolicy, ...] = ()
    sla: tuple[SlaClock, ...] = ()
    strikes: tuple[StrikeRule, ...] = ()
    pool: Pool | None = None
    feedback: Feedback = Feedback()
    reasons: Reasons = Reasons()
    tests: tuple[SampleCase, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
