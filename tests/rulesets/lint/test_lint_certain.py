"""No false alarm: what the lint says cannot happen never happens, by the reference interpreter on random leads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rulesets.conditions.interpreter import holds
from rulesets.document.document import parse
from rulesets.lint import lint
from rulesets.lint.conditions.questions import Questions
from rulesets.lint.known import DocumentIndex
from tests.rulesets.documents import RULE, found, policy, with_rule, with_signal
from tests.rulesets.rows import BUDGET, DAY, FLAGS, LEVEL, RATIO, SEEN, SIZE, TITLE, rules
from tests.rulesets.views import NOW, Seen, seen

SMALL = st.integers(-2, 6)
NUMBERS = SMALL | st.sampled_from([0.5, 1.0001, 2.5])
WORDS = st.sampled_from(["cto", "CTO", "ct", "head", "head of it", "of it", "it", "ＣＴＯ", "x"])
DAYS = st.sampled_from(["2026-11-19", "2026-11-20", "2026-11-21", "2026/11/22"])
COMPARED = ["eq", "neq", "lt", "lte", "gt", "gte"]
LEVELS = st.sampled_from(["Junior", "senior", "VP"])
LETTERS = st.sampled_from(["a", "B", "c"])


def _test(subject: Mapping[str, Any], ops: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda op, value: {**subject, "op": op, "value": value}, st.sampled_from(ops), values)


def _known(subject: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([{**subject, "op": "known"}, {**subject, "op": "unknown"}])


def _numbers(subject: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    between = st.lists(NUMBERS, min_size=2, max_size=2)
    return _known(subject) | _test(subject, COMPARED, NUMBERS) | _test(subject, ["between"], between)


def _texts(subject: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    one = ["eq", "neq", "contains", "not_contains", "starts_with", "ends_with", "matches"]
    many = st.lists(WORDS, min_size=1, max_size=3)
    return _known(subject) | _test(subject, one, WORDS) | _test(subject, ["in", "not_in"], many)


def _moments(subject: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    ops = ["before", "after", "on_or_before", "on_or_after"]
    ago = _test(subject, ["within_last_days", "more_than_days_ago"], st.sampled_from([0, 0.5, 1, 2]))
    return _known(subject) | _test(subject, ops, DAYS) | ago


def _sets(subject: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    several = st.lists(LETTERS, min_size=1, max_size=3)
    return _known(subject) | _test(subject, ["has_any", "has_all", "has_none"], several)


PROPERTY = {"event": "properties.p"}
SUBJECTS = [
    _numbers({"field": SIZE}),
    _numbers({"field": RATIO}),
    _texts({"field": TITLE}),
    _known({"field": LEVEL}) | _test({"field": LEVEL}, ["in", "not_in"], st.lists(LEVELS, min_size=1, max_size=3)),
    _sets({"field": FLAGS}),
    st.sampled_from([{"field": BUDGET, "op": "is_true"}, {"field": BUDGET, "op": "is_false"}]),
    _moments({"field": DAY}),
    _moments({"field": SEEN}),
    _numbers({"count": {"event": "pricing.viewed", "days": 2}}),
    _numbers({"days_since": {"event": "pricing.viewed"}}),
    _numbers(PROPERTY) | _texts(PROPERTY) | _sets(PROPERTY) | _moments(PROPERTY),
]


def _grouped(tests: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from(["all", "any", "none"])
    group = st.builds(lambda kind, parts: {kind: parts}, kinds, st.lists(tests, min_size=1, max_size=4))
    return group | st.builds(lambda kind, parts: {kind: parts}, kinds, st.lists(tests | group, min_size=1, max_size=3))


CONDITIONS = st.sampled_from(SUBJECTS).flatmap(_grouped) | _grouped(st.one_of(SUBJECTS))

NEAR = st.sampled_from(["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-20T12:00:00Z"])
MOMENTS = st.sampled_from([timedelta(), timedelta(days=0.5), timedelta(days=1), timedelta(days=2)]).flatmap(
    lambda ago: st.sampled_from(
        [NOW - ago, NOW - ago + timedelta(microseconds=1), NOW - ago - timedelta(microseconds=1)]
    )
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        SIZE: SMALL,
        RATIO: st.sampled_from([Decimal(n) for n in ("0", "0.5", "1", "1.0001", "1.0002", "2.5", "3")]),
        TITLE: WORDS | st.sampled_from(["head of it cto", "nothing", "of it"]),
        LEVEL: st.sampled_from(["Junior", "Senior", "VP"]),
        FLAGS: st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(tuple),
        BUDGET: st.booleans(),
        DAY: st.integers(-3, 3).map(lambda days: date(2026, 11, 21) + timedelta(days=days)),
        SEEN: MOMENTS | st.just(datetime(2026, 11, 20, tzinfo=UTC)),
    },
)
RAW = st.none() | SMALL | WORDS | NEAR | st.booleans() | st.lists(LETTERS, max_size=3) | st.just({"deep": 1})
HISTORY: st.SearchStrategy[Any] = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5]), st.just("pricing.viewed"), st.just({})), max_size=4
)
TESTED = seen().policy
LEADS = st.builds(lambda facts, history, raw: Seen(TESTED, facts, history, {"p": raw}), FACTS, HISTORY, RAW)


@settings(max_examples=100)
@given(CONDITIONS, st.lists(LEADS, min_size=20, max_size=40))
def test_a_condition_said_never_to_hold_holds_for_no_lead_and_one_said_always_to_hold_for_each(
    raw: Any, leads: list[Seen]
) -> None:
    report = lint(with_signal({"when": raw}))
    assert report.policy, report.errors
    when = report.policy.models[0].engagement.groups[0].signals[0].when
    truths = {holds(when, lead) for lead in leads}
    constant = {code for code, path in found(report) if path == "models[0].engagement.groups[0].signals[0].when"}
    assert not (True in truths and "always-false" in constant)
    assert not (False in truths and "always-true" in constant)


@settings(max_examples=50)
@given(CONDITIONS, CONDITIONS, st.lists(LEADS, min_size=20, max_size=40))
def test_conditions_said_to_be_equal_or_to_follow_from_each_other_are_so_for_every_lead(
    one: Any, two: Any, leads: list[Seen]
) -> None:
    report = parse(with_signal({"when": {"all": [one, two]}}))
    assert report.policy
    questions = Questions(DocumentIndex.of(report.policy, {}, None))
    first, second = report.policy.models[0].engagement.groups[0].signals[0].when.all  # type: ignore[union-attr]
    same = questions.ask(first).region or questions.ask(first).form
    if same is not None and same == (questions.ask(second).region or questions.ask(second).form):
        assert [holds(first, lead) for lead in leads] == [holds(second, lead) for lead in leads]
    if questions.implies(first, second):
        assert all(holds(second, lead) for lead in leads if holds(first, lead))


ONE_NUMBER, ONE_CHOICE = _grouped(SUBJECTS[0]), _grouped(SUBJECTS[3])
EVERY_SIZE = [None, *range(-20, 21)]
EVERY_LEVEL = [None, "Junior", "Senior", "VP"]


def _constant(raw: Any, field: str, values: list[Any]) -> tuple[set[bool], set[str]]:
    report = lint(with_rule(raw))
    assert report.policy
    when = report.policy.models[0].fit.groups[0].rules[0].when
    lead = Seen(report.policy)
    truths = {holds(when, replace(lead, facts={field: value})) for value in values}
    return truths, {code for code, path in found(report) if path == f"{RULE}.when"}


@given(ONE_NUMBER)
def test_of_conditions_on_one_number_none_that_is_constant_is_missed(raw: Any) -> None:
    truths, told = _constant(raw, SIZE, EVERY_SIZE)
    assert ("always-false" in told) is (truths == {False})
    assert ("always-true" in told) is (truths == {True})


@given(ONE_CHOICE)
def test_of_conditions_on_one_choice_none_that_is_constant_is_missed(raw: Any) -> None:
    truths, told = _constant(raw, LEVEL, EVERY_LEVEL)
    assert ("always-false" in told) is (truths == {False})
    assert ("always-true" in told) is (truths == {True})


SPANS = st.lists(
    st.tuples(st.integers(-15, 15), st.integers(0, 8)).map(
        lambda pair: {"field": SIZE, "op": "between", "value": [pair[0], pair[0] + pair[1]]}
    )
    | st.builds(
        lambda op, n: {"field": SIZE, "op": op, "value": n}, st.sampled_from(["lt", "gte"]), st.integers(-15, 15)
    ),
    min_size=1,
    max_size=5,
)


@given(SPANS)
def test_a_gap_and_an_overlap_of_bands_are_there(spans: list[Any]) -> None:
    group = rules(*((span, 5) for span in spans))
    report = lint(policy(models=[{"key": "m", "fit": {"groups": [group]}}]))
    assert report.policy
    listed = report.policy.models[0].fit.groups[0].rules
    lead = Seen(report.policy)
    hits = [sum(holds(rule.when, replace(lead, facts={SIZE: n})) for rule in listed) for n in range(-30, 31)]
    codes = [code for code, _ in found(report)]
    if "band-overlap" in codes:
        assert max(hits) > 1
    if "band-gap" in codes:
        covered = [n for n, count in enumerate(hits) if count]
        assert 0 in hits[covered[0] : covered[-1]]
    narrow = all(span["op"] == "between" and span["value"][0] < span["value"][1] for span in spans)
    if narrow and max(hits) > 1:
        assert "band-overlap" in codes or "duplicate-rule" in codes
    if narrow:
        covered = [n for n, count in enumerate(hits) if count]
        assert (0 in hits[covered[0] : covered[-1]]) is ("band-gap" in codes)
