"""Conditions: their fields and events, the types of operators and operands, depth, and what scoring may read.

Segments are checked where they are used: a signal may test properties, a route may not (R2.2, R2.7).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rulesets.conditions.conditions import (
    OPERATORS,
    CountTest,
    DaysSinceTest,
    FieldTest,
    Node,
    Operand,
    Operator,
    PropertyTest,
    SegmentTest,
    children,
)
from rulesets.conditions.operands import BadOperand, property_type, read_operand
from rulesets.conditions.reading import Field, FieldType, fold, spellings
from rulesets.document.findings import Finding, Place, did_you_mean, one_of, quoted
from rulesets.document.wording import Word, says, words
from rulesets.lint.conditions.segments import LONGEST_CHAIN, is_result, measure, where_of
from rulesets.lint.known import DocumentIndex, Site, sites
from rulesets.lint.structure.references import add_under, check_event, check_field, missing_in

DEEPEST_GROUPS = 4
LARGEST_CONDITION = 10_000
"""Most nodes of a condition with segments expanded."""
Located = tuple[Place, Node, bool]
"""A node, its place, and whether it is inside a ``where``."""


def check_conditions(known: DocumentIndex) -> Iterator[Finding]:
    """Every condition of the policy, on its own and with its segments expanded."""
    for site in sites(known.policy):
        located = list(nodes_at(site.place, site.condition))
        for place, node, _inside in located:
            yield from _check_node(known, place, node)
        yield from _check_use(known, site, located)
        yield from _check_depth(known, site, located)


def nodes_at(place: Place, node: Node, *, inside: bool = False) -> Iterator[Located]:
    """Every node below a place, parents first, ``where`` included; segments are not entered."""
    yield place, node, inside
    kind = next(iter(type(node).model_fields))
    for index, child in enumerate(children(node)):
        yield from nodes_at((*place, kind, index), child, inside=inside)
    where = where_of(node)
    if where is not None:
        yield from nodes_at((*place, kind, "where"), where, inside=True)


def _check_node(known: DocumentIndex, place: Place, node: Node) -> Iterator[Finding]:
    match node:
        case FieldTest():
            yield from check_field(known, (*place, "field"), node.field)
            field = known.vocabulary.field(node.field)
            yield from _check_test(known, place, node, field.type if field else None, field)
        case PropertyTest():
            operator = OPERATORS.get(node.op)
            yield from _check_test(known, place, node, property_type(operator, node.value) if operator else None)
        case CountTest():
            yield from check_event(known, (*place, "count", "event"), node.count.event)
            yield from _check_test(known, place, node, FieldType.INTEGER)
        case DaysSinceTest():
            yield from check_event(known, (*place, "days_since", "event"), node.days_since.event)
            yield from _check_test(known, place, node, FieldType.DECIMAL)
        case SegmentTest() if node.segment not in known.declared["segments"]:
            hint = did_you_mean(node.segment, known.declared["segments"]) or add_under("segments")
            message = missing_in(node.segment, "segments")
            yield known.error("dangling-reference", (*place, "segment"), message, hint)
        case _:
            pass  # groups are checked through their children


def _check_test(
    known: DocumentIndex,
    place: Place,
    node: FieldTest | PropertyTest | CountTest | DaysSinceTest,
    type_: FieldType | None,
    field: Field | None = None,
) -> Iterator[Finding]:
    """Checks operator against type and operand against operator; ``type_`` is None if the field has its own error."""
    operator = OPERATORS.get(node.op)
    if operator is None:
        fitting = [o.key for o in OPERATORS.values() if type_ is None or type_ in o.types]
        hint = did_you_mean(node.op, OPERATORS) or one_of(fitting)
        message = says("%(operator)s is not an operator", operator=quoted(node.op))
        yield known.error("unknown-operator", (*place, "op"), message, hint)
    elif type_ is not None and type_ not in operator.types:
        fitting = [o.key for o in OPERATORS.values() if type_ in o.types]
        message = says(
            "%(operator)s does not apply to a value of type %(type)s",
            operator=Word("operator", node.op), type=Word("type", type_.value),
        )  # fmt: skip
        yield known.error("operator-type", (*place, "op"), message, one_of(words("operator", *fitting)))
    elif type_ is not None:
        yield from _check_operand(known, (*place, "value"), node.value, type_, operator, field)


def _check_operand(
    known: DocumentIndex, place: Place, value: Any, type_: FieldType, operator: Operator, field: Field | None
) -> Iterator[Finding]:
    try:
        operand = read_operand(type_, operator, value, known.zone)
    except BadOperand as bad:
        hint = None if bad.suggestion is None else says("write %(value)s", value=str(bad.suggestion)[:200])
        yield known.error("bad-operand", place, bad.says, hint)
        return
    if field and field.options and operator.operand in {Operand.ONE, Operand.MANY}:
        yield from _check_options(known, place, value, field)
    if operand == frozenset():
        message = says("the list is empty, so the answer never depends on the value")
        yield known.warning("empty-operand", place, message)
    if operator.operand is Operand.RANGE and isinstance(operand, tuple) and operand[0] > operand[1]:
        message = says("the lower end is above the upper: never true")
        yield known.warning("inverted-range", place, message, says("swap the two"))


def _check_options(known: DocumentIndex, place: Place, value: Any, field: Field) -> Iterator[Finding]:
    known_options: Mapping[str, str] = spellings(field.options)
    for index, member in enumerate(value if isinstance(value, list) else [value]):
        if fold(member) not in known_options:
            at = (*place, index) if isinstance(value, list) else place
            hint = did_you_mean(member, field.options) or one_of(field.options[:20])
            message = says("%(value)s is not an option of %(field)s", value=quoted(member), field=field.key)
            yield known.error("not-an-option", at, message, hint)


def _check_use(known: DocumentIndex, site: Site, located: list[Located]) -> Iterator[Finding]:
    """Checks what may be tested here: event properties, and fields that scoring may read; segments expanded."""
    for place, node, inside in located:
        at_event = site.at_event or inside
        if isinstance(node, PropertyTest) and not at_event:
            message = says("event properties can be tested only inside a signal's or a count's condition")
            yield known.error("property-outside-event", place, message, says("move it into a count's where"))
        if isinstance(node, FieldTest) and site.scoring and is_result(node.field):
            message = says("scoring may not read %(field)s: it would depend on itself (R2.7)", field=quoted(node.field))
            yield known.error("reads-result", (*place, "field"), message, says("use a route, exclusion or red flag"))
        if isinstance(node, SegmentTest):
            yield from _check_segment_use(known, replace(site, place=place, at_event=at_event), node)


def _check_segment_use(known: DocumentIndex, site: Site, node: SegmentTest) -> Iterator[Finding]:
    measured = measure(node, known.measures)
    if not site.at_event and measured.properties:
        message = says(
            "the segment %(key)s tests event properties and fits only signals and counts", key=quoted(node.segment)
        )
        yield known.error("property-outside-event", (*site.place, "segment"), message)
    if site.scoring and measured.results:
        message = says(
            "the segment %(key)s reads %(fields)s, which scoring may not (R2.7)",
            key=quoted(node.segment), fields=tuple(sorted(measured.results)[:3]),
        )  # fmt: skip
        mend = says("use a segment that reads facts only")
        yield known.error("reads-result", (*site.place, "segment"), message, mend)


def _check_depth(known: DocumentIndex, site: Site, located: list[Located]) -> Iterator[Finding]:
    """Groups nest at most four deep with segments expanded; each ``where`` is measured on its own (R2.2)."""
    roots: list[tuple[Place, Node]] = [(site.place, site.condition)]
    roots += [(place, node) for place, node, inside in located if inside and place[-1] == "where"]
    for place, root in roots:
        measured = measure(root, known.measures)
        if measured.groups > DEEPEST_GROUPS:
            message = says(
                "groups nest %(depth)s deep with segments expanded; at most %(most)s may",
                depth=measured.groups, most=DEEPEST_GROUPS,
            )  # fmt: skip
            yield known.error("too-deep", place, message, says("split off a flatter condition"))
        if measured.chain > LONGEST_CHAIN:
            message = says("more than %(most)s segments stand inside one another", most=LONGEST_CHAIN)
            yield known.error("too-deep", place, message, says("name the inner segments directly"))
        if measured.size > LARGEST_CONDITION:
            message = says(
                "with segments expanded the condition has more than %(most)s parts", most=f"{LARGEST_CONDITION:,}"
            )
            yield known.error("matcher-limit", place, message, says("use fewer or smaller segments"))
