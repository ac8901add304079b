"""The policy as values: one frozen class per part of `baton.policy/1` (R0.1–R0.5, R4.1–R8.3, R10.1).

Shape only: types, required parts, bounds of a single value. `rulesets.lint` checks parts together (references, cycles,
types of operands). `rulesets.document.document` reads and writes the text. The classes of scoring models are in
`rulesets.policy.scoring` and are exported from here too.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from rulesets.conditions.conditions import ALWAYS, Condition
from rulesets.conditions.numbers import Number, Points
from rulesets.document.wording import says
from rulesets.policy.parts import (  # fmt: skip
    CellKey,
    DottedKey,
    Duration,
    Flag,
    Grade,
    Heat,
    Key,
    Keyed,
    Label,
    Labels,
    Part,
    PropertyPath,
    Role,
    Stage,
    Text,
    shape_of,
)
from rulesets.policy.scoring import (  # fmt: skip
    GRADES,
    HEATS,
    Cell,
    Decay,
    DecayStep,
    Engagement,
    EventKeys,
    Fit,
    FitGroup,
    FitRule,
    Matrix,
    Model,
    Repeat,
    Signal,
    SignalGroup,
)
from rulesets.policy.sla import Action, Chain, ClockRule, EventItem, EventMatch, StartsOn, StrikeRule
from rulesets.policy.vocabulary import FieldType

FORMAT = "baton.policy/1"


class FieldDef(Part):
    """A declared fact (R1.1)."""

    key: DottedKey
    label: Label | None = None
    type: FieldType
    options: tuple[Text, ...] = ()
    unit: Text | None = None
    pii: Flag = False
    unknown_values: tuple[str, ...] = ()


class EventDef(Part):
    """A declared event (R1.8)."""

    key: DottedKey
    label: Label | None = None
    kind: Literal["direct", "latent"]
    asset: PropertyPath | None = None
    aliases: tuple[Text, ...] = ()


class Segment(Keyed):
    """A named condition."""

    when: Condition


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
    """How many items must be met: a count, or a fraction of the items, rounded up (2/3 of 4 items is 3)."""

    met: Annotated[int, Field(strict=True, ge=0)] | None = None
    fraction: Annotated[str, Field(pattern=r"^[0-9]{1,4}/[1-9][0-9]{0,3}$")] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Require":
        if (self.met is None) is (self.fraction is None):
            raise ValueError(says("give exactly one of met, fraction"))
        return self


class Checklist(Keyed):
    """A qualification framework: N of M facts must be established."""

    framework: Text | None = None
    items: Annotated[tuple[ChecklistItem, ...], Field(min_length=1)]
    require: Require

    @property
    def required(self) -> int:
        """How many items must be met."""
        if self.require.fraction is None:
            return self.require.met or 0
        over, under = map(int, self.require.fraction.split("/"))
        # Ceiling division in integers; with floats 7/25 of 25 items would be 8.
        return -(-over * len(self.items) // under)


class MqlRoute(Keyed):
    """One way to become an MQL (R4.3)."""

    when: Condition | None = None
    cells: tuple[CellKey, ...] = ()
    checklist: Key | None = None
    min_fit: Points | None = None
    min_engagement: Points | None = None
    confirm: Literal["sdr"] | None = None


class Qualification(Part):
    """Exclusions, red flags, checklists and routes (R4.1–R4.7)."""

    exclusions: tuple[Exclusion, ...] = ()
    red_flags: tuple[RedFlag, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    mql: tuple[MqlRoute, ...] = ()


class Feedback(Part):
    """Where rejected and released leads go, and which rejections return the turn (R4.5, R4.7)."""

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


Otherwise = Annotated[
    Annotated[Literal["queue", "pool"], Tag("text")] | Annotated[OtherPolicy, Tag("object")], Discriminator(shape_of)
]


class AssignmentPolicy(Keyed):
    """Who may get a lead, and how one of them is chosen (R5.1–R5.11)."""

    role: Literal["sdr", "sales"]
    priority: Annotated[int, Field(strict=True)] = 100
    when: Condition = ALWAYS
    teams: tuple[Key, ...] = ()
    reps: tuple[Text, ...] = ()
    match: tuple[PersonMatch, ...] = ()
    strategy: Literal["round_robin", "weighted", "least_open", "top_performer", "dispatcher"] = "round_robin"
    balance_by: Literal["department"] | None = None
    sticky: Literal["account"] | None = None
    avoid_previous: Flag = True
    off_hours: Literal["assign", "skip", "wait"] = "assign"
    returning: Literal["no_credit", "make_up"] = "no_credit"
    otherwise: Otherwise = "queue"


class ProtectionRule(Part):
    """How long an owner may keep a lead (R7.1)."""

    days: Annotated[Number, Field(gt=0)]
    extend: Duration | None = None
    max: Duration | None = None
    extend_on: tuple[DottedKey, ...] = ()


class ClaimLimits(Part):
    """Limits of claiming from the pool (R7.3)."""

    per_day: Annotated[int, Field(strict=True, ge=0)] | None = None
    holding: Annotated[int, Field(strict=True, ge=0)] | None = None
    cooldown: Duration | None = None


class Pool(Part):
    """The public pool (R7.1–R7.3)."""

    stages: tuple[Stage, ...] = ("ready", "mql")
    protection: ProtectionRule | None = None
    warn_before: tuple[Duration, ...] = ()
    claim: ClaimLimits = ClaimLimits()


class Reason(Keyed):
    """A reason people choose."""

    justified: Flag = False


class Reasons(Part):
    """The lists of reasons."""

    reject: tuple[Reason, ...] = ()
    release: tuple[Reason, ...] = ()
    disqualify: tuple[Reason, ...] = ()
    withdraw: tuple[Reason, ...] = ()
    lost: tuple[Reason, ...] = ()


class PolicyCalendar(Part):
    """The policy's own working time (R8.1–R8.3)."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], tuple[str, ...]] | None = None
    days_off: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()


class SampleEvent(Part):
    """An event of a test case."""

    type: DottedKey
    days_ago: Annotated[Number, Field(ge=0)]
    properties: dict[str, JsonValue] = {}  # noqa: RUF012 - pydantic copies defaults


class Expectation(Part):
    """What a test case expects. An absent part is not compared; an explicit null expects that there is none."""

    fit: Points | None = None
    engagement: Points | None = None
    cell: Text | None = None
    model: Key | None = None
    route: Key | None = None
    excluded: Key | None = None
    flagged: tuple[Key, ...] | None = None

    @model_serializer(mode="wrap")
    def _as_written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keeps an explicit null when defaults are left out: it means something else than an absent part."""
        nulls = {name: None for name in self.model_fields_set if getattr(self, name) is None}
        return {**write(self), **nulls}


class SampleCase(Keyed):
    """A test case inside the policy (R10.1)."""

    facts: dict[str, JsonValue] = {}  # noqa: RUF012 - pydantic copies defaults
    events: tuple[SampleEvent, ...] = ()
    now: Text | None = None
    expect: Expectation


class Acknowledgement(Part):
    """A lint warning that an editor accepted."""

    code: Text
    path: str
    reason: Text


class Policy(Part):
    """A whole `baton.policy/1` document."""

    format: Literal["baton.policy/1"]
    name: Text
    timezone: Text
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    calendar: PolicyCalendar | None = None
    fields: tuple[FieldDef, ...] = ()
    events: tuple[EventDef, ...] = ()
    segments: tuple[Segment, ...] = ()
    qualification: Qualification = Qualification()
    assignment: tuple[AssignmentPolicy, ...] = ()
    sla: tuple[ClockRule, ...] = ()
    strikes: tuple[StrikeRule, ...] = ()
    pool: Pool | None = None
    feedback: Feedback = Feedback()
    reasons: Reasons = Reasons()
    tests: tuple[SampleCase, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()


__all__ = [
    "ALWAYS",
    "FORMAT",
    "GRADES",
    "HEATS",
    "Acknowledgement",
    "Action",
    "AssignmentPolicy",
    "Cell",
    "CellKey",
    "Chain",
    "Checklist",
    "ChecklistItem",
    "ClaimLimits",
    "ClockRule",
    "Condition",
    "Decay",
    "DecayStep",
    "DottedKey",
    "Duration",
    "Engagement",
    "EventDef",
    "EventItem",
    "EventKeys",
    "EventMatch",
    "Exclusion",
    "Expectation",
    "Feedback",
    "FieldDef",
    "Fit",
    "FitGroup",
    "FitRule",
    "Grade",
    "Heat",
    "Key",
    "Keyed",
    "Label",
    "Labels",
    "Matrix",
    "Model",
    "MqlRoute",
    "Number",
    "OtherPolicy",
    "Part",
    "PersonMatch",
    "Points",
    "Policy",
    "PolicyCalendar",
    "Pool",
    "ProtectionRule",
    "Qualification",
    "Reason",
    "Reasons",
    "RedFlag",
    "Repeat",
    "Require",
    "Role",
    "SampleCase",
    "SampleEvent",
    "Segment",
    "Signal",
    "SignalGroup",
    "Stage",
    "StartsOn",
    "StrikeRule",
    "Text",
]  # fmt: skip
