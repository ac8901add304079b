"""Random conditions as a policy writes them: every operator on every type, groups, segments, counts, days_since.

Plain documents from one `Random`; small pools, so that edges are met often. It knows nothing of the product.
"""

from random import Random
from typing import Any

Raw = dict[str, Any]

COLORS = ["red", "Green", "bleu clair", "深蓝"]
TEXTS = [
    "CTO",
    "ｃｔｏ",
    "Chief  Technology Officer",
    "学生",
    "vp sales",
    "sales",
    "Straße",
    "STRASSE",
    "q.a",
    "engineer",
]
PATTERNS = ["^c", "s+", "q.a", r"q\.a", "(cto|vp).*", "学", "R$"]
ROLES = ["decider", "user", "buyer", "gatekeeper"]
TAGS = ["expo", "Partner", "vip"]
NUMBERS = [0, 1, -1, 49, 50, 51, 200, 1200, 0.5, 49.9999, 10**13]
WHOLE = [0, 1, 2, 3]
DAYS = ["2026-11-21", "2026-11-20", "2026/11/14", "2026/3/8", "2024-02-29"]
MOMENTS = [
    "2026-11-21T10:00:00Z",
    "2026-11-21T18:00:00+08:00",
    "2026-11-14T10:00:00",
    "2026-11-01",
    "2027-01-01T00:00:00Z",
]
SPANS = [1, 7, 0.5, 30, 365]
EVENTS = ["page.viewed", "demo.asked", "webinar.attended", "lead.touched"]
FIELDS = {
    "lead.job_title": "text",
    "lead.email": "text",
    "company.domain": "text",
    "answers.note": "text",
    "answers.color": "choice",
    "lead.buyer_role": "role",
    "answers.colors": "choices",
    "lead.tags": "tags",
    "company.employees": "integer",
    "company.annual_revenue": "decimal",
    "company.is_customer": "boolean",
    "lead.first_day": "date",
    "lead.renewal": "datetime",
    "lead.created_at": "datetime",
}
SCORES = {
    "score.fit": "decimal",
    "score.engagement": "decimal",
    "score.grade": "grade",
    "score.heat": "heat",
    "score.cell": "cell",
    "score.model": "model",
}
CHOICES = {
    "choice": COLORS,
    "role": ROLES,
    "grade": list("ABCD"),
    "heat": ["frenzied", "hot", "warm", "cold"],
    "model": ["m0", "m1", "m2"],
}
CHOICES["cell"] = [f"{grade}.{heat}" for grade in "ABCD" for heat in CHOICES["heat"]]
SETS = {"choices": COLORS, "tags": TAGS}
PROPERTIES = {
    "t": "text",
    "n": "decimal",
    "b": "boolean",
    "s": "choices",
    "d": "date",
    "m": "datetime",
    "deep.n": "decimal",
}
ORDER = ["eq", "neq", "lt", "lte", "gt", "gte"]
TIME = ["before", "after", "on_or_before", "on_or_after"]
TEXTUAL = ["eq", "neq", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "matches"]


class Conditions:
    """Draws conditions; ``properties`` allows tests of the event at hand."""

    def __init__(
        self, random: Random, fields: dict[str, str], segments: tuple[str, ...] = (), *, properties: bool = False
    ) -> None:
        self.random, self.fields, self.segments, self.properties = random, fields, segments, properties

    def draw(self, depth: int = 4) -> Raw:
        """A condition with at most ``depth`` groups above one another, segments expanded (they take two)."""
        roll = self.random.random()
        if depth and roll < 0.5:
            size = self.random.choice([1, 2, 2, 3])
            return {self.random.choice(["all", "any", "none"]): [self.draw(depth - 1) for _ in range(size)]}
        if depth and roll < 0.52:
            return {"all": []}
        if depth >= 2 and self.segments and roll < 0.6:
            return {"segment": self.random.choice(self.segments)}
        if self.properties and roll < 0.75:
            return self.of_property()
        return self.of_history() if roll < 0.82 else self.of_field()

    def of_field(self) -> Raw:
        key = self.random.choice(sorted(self.fields))
        return {"field": key, **self.test(self.fields[key])}

    def of_property(self) -> Raw:
        name = self.random.choice(sorted(PROPERTIES))
        drawn = {"event": f"properties.{name}", **self.test(PROPERTIES[name])}
        return self.of_property() if name == "m" and "2026-11-01" in str(drawn) else drawn

    def of_history(self) -> Raw:
        what: Raw = {"event": self.random.choice(EVENTS)}
        if self.random.random() < 0.4:
            inner = Conditions(self.random, self.fields, properties=True)
            what["where"] = self.random.choice([inner.of_property(), inner.draw(2), {"none": [inner.of_property()]}])
        if self.random.random() < 0.5:
            return {"days_since": what, **self.number([0, 1, 7, 0.5, 30])}
        if self.random.random() < 0.8:
            what["days"] = self.random.choice(SPANS)
        return {"count": what, **self.number(WHOLE)}

    def test(self, kind: str) -> Raw:
        """An operator of the type and an operand that fits."""
        if self.random.random() < 0.12:
            return {"op": self.random.choice(["known", "unknown"])}
        return self.text() if kind == "text" else self.with_operand(kind)

    def with_operand(self, kind: str) -> Raw:
        """The same for every type but text."""
        if kind in CHOICES:
            return self.choice(CHOICES[kind])
        if kind in SETS:
            members = self.random.sample(SETS[kind], self.random.randint(1, 3))
            return {"op": self.random.choice(["has_any", "has_all", "has_none"]), "value": members}
        if kind == "boolean":
            return {"op": self.random.choice(["is_true", "is_false"])}
        if kind in {"integer", "decimal"}:
            return self.number([int(n) for n in NUMBERS] if kind == "integer" else NUMBERS)
        return self.time(DAYS if kind == "date" else MOMENTS)

    def text(self) -> Raw:
        op = self.random.choice(TEXTUAL)
        if op in {"in", "not_in"}:
            return {"op": op, "value": self.random.sample(TEXTS, self.random.randint(1, 3))}
        return {
            "op": op,
            "value": self.random.choice(PATTERNS if op == "matches" else [*TEXTS, "t", "S", "acme.example"]),
        }

    def choice(self, options: list[str]) -> Raw:
        op = self.random.choice(["eq", "neq", "in", "not_in"])
        if op in {"eq", "neq"}:
            return {"op": op, "value": self.random.choice(options)}
        return {"op": op, "value": self.random.sample(options, self.random.randint(1, 3))}

    def number(self, pool: list[Any]) -> Raw:
        if self.random.random() < 0.2:
            return {"op": "between", "value": sorted(self.random.choices(pool, k=2))}
        return {"op": self.random.choice(ORDER), "value": self.random.choice(pool)}

    def time(self, pool: list[str]) -> Raw:
        op = self.random.choice([*TIME, "between", "within_last_days", "more_than_days_ago"])
        if op == "between":
            ends = self.random.sample(pool, 2)
            return {"op": op, "value": sorted(ends, key=lambda text: text.replace("/3/8", "-03-08").replace("/", "-"))}
        return {"op": op, "value": self.random.choice(pool if op in TIME else [1, 7, 30, 365])}
