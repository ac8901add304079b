"""The oracle's reading of facts: R1.1–R1.9 as plain code.

Part of `tests/oracle/oracle.py`; written from the page alone. It may not import anything of the product: a
shared error would stay hidden.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
Value = str | bool | Fraction | date | datetime | frozenset[str] | None


BUILT_IN: dict[str, Document] = {
    **{
        f"lead.{name}": {"type": "text"}
        for name in ("email", "phone", "name", "job_title", "region", "city", "country", "source", "language")
    },
    **{f"company.{name}": {"type": "text"} for name in ("name", "domain", "industry", "type")},
    "company.domain": {"type": "text", "names": "domain"},
    "lead.buyer_role": {
        "type": "choice",
        "options": ["initiator", "decider", "buyer", "influencer", "user", "gatekeeper"],
    },
    "lead.direction": {"type": "choice", "options": ["inbound", "outbound"]},
    "lead.tags": {"type": "choices"},
    **{f"lead.consent.{channel}": {"type": "boolean"} for channel in ("email", "phone", "wechat")},
    "company.employees": {"type": "integer"},
    "company.founded_year": {"type": "integer"},
    "company.registered_capital": {"type": "decimal"},
    "company.annual_revenue": {"type": "decimal"},
    "company.is_customer": {"type": "boolean"},
    "lead.created_at": {"type": "datetime"},
    "score.fit": {"type": "decimal"},
    "score.engagement": {"type": "decimal"},
    **{f"score.{name}": {"type": "choice"} for name in ("grade", "heat", "cell", "model")},
}

DAY_FORMS = (
    r"(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)",
    r"(\d{4})\.(\d{1,2})\.(\d{1,2})(?!\d)",
    r"(\d{4})年(\d{1,2})月(\d{1,2})日",
)
TWO_LABELS = (".com.cn", ".co.uk", ".github.io")
FREE_MAIL = frozenset({"gmail.com", "qq.com", "163.com"})


class Unreadable(Exception):
    """A value that its type cannot take: the old one stays (R1.4)."""


def fold(text: str) -> str:
    """R2.4: NFKC, case folding, trimming, folding of white space; marks that nobody sees are left out."""
    text = "".join(mark for mark in text if unicodedata.category(mark) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def types_of(policy: Document) -> dict[str, Document]:
    """Every field's definition: built in, declared, and the `met` of each checklist."""
    table = dict(BUILT_IN)
    table.update({field["key"]: field for field in policy.get("fields", [])})
    for checklist in policy.get("qualification", {}).get("checklists", []):
        table[f"checklist.{checklist['key']}.met"] = {"type": "integer"}
    return table


def instant(text: str, zone: ZoneInfo) -> datetime:
    """A moment from ISO text or `yyyy/m/d …`; without a zone it is of the policy zone."""
    moment = datetime.fromisoformat(_dashes(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def day(text: str, zone: ZoneInfo) -> date:
    """A calendar day; of a moment its day in the policy zone, but of midnight the day that is written there (R1.11)."""
    written = _dashes(text)
    if len(written) == len("yyyy-mm-dd"):
        return date.fromisoformat(written)
    moment = datetime.fromisoformat(written)
    starts_day = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date() if starts_day or moment.tzinfo is None else moment.astimezone(zone).date()


def _dashes(text: str) -> str:
    """`yyyy/m/d`, `yyyy.m.d` and `yyyy年m月d日` as `yyyy-mm-dd`; what follows stays."""
    for form in DAY_FORMS:
        found = re.match(form, text)
        if found is not None:
            break
    else:
        return text
    year, month, day = (int(part) for part in found.groups())
    return f"{year:04}-{month:02}-{day:02}" + text[found.end() :]


def number(raw: Any, places: int) -> Fraction:
    """R1.5: group commas and full-width digits are read; too many places or too large is unreadable."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise Unreadable(raw)
    text = unicodedata.normalize("NFKC", str(raw)).strip()
    if not re.fullmatch(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", text):
        raise Unreadable(raw)
    if places == 0 and isinstance(raw, str) and re.search(r"\.\d{3}$", text):
        raise Unreadable(raw)  # R1.10: thousands, or a fraction
    result = Fraction(text.replace(",", ""))
    if abs(result) > 10**13 or (result * 10**places).denominator != 1:
        raise Unreadable(raw)
    return result


def boolean(raw: Any) -> bool:
    """R1.5: the ten words, in any case."""
    word = fold(str(raw))
    if word in {"true", "yes", "是", "1", "on"}:
        return True
    if word in {"false", "no", "否", "0", "off"}:
        return False
    raise Unreadable(raw)


def domain_of(text: str) -> str | None:
    """R1.13, by hand: of a web address or a mailbox what a company registers; suffixes of two labels are listed."""
    host = re.sub(r"^[a-z]+://", "", text.strip().lower().rstrip(">"))
    host = re.split(r"[/:?#]", host)[0].split("@")[-1].rstrip(".")
    labels = host.split(".")
    size = 3 if host.endswith(TWO_LABELS) else 2
    good = all(re.fullmatch(r"[a-z0-9一-鿿](-?[a-z0-9一-鿿])*", label) for label in labels)
    return ".".join(labels[-size:]) if good and len(labels) >= size and not labels[-1].isdigit() else None


def option(raw: Any, options: list[str] | None) -> str:
    """The option's own spelling; without options any text is one."""
    if not isinstance(raw, str):
        raise Unreadable(raw)
    if not options:
        return " ".join(raw.split())
    for known in options:
        if fold(known) == fold(raw):
            return known
    raise Unreadable(raw)


def option_set(raw: Any, options: list[str] | None) -> frozenset[str]:
    """A set of options, unknown members dropped one by one; one text is a set of one. Empty is unknown (R1.6).

    A text that is not an option as a whole is split (R1.12); without a list of options none is.
    """
    members = raw if isinstance(raw, list) else [raw]
    if isinstance(raw, str) and fold(raw) not in {fold(known) for known in options or []}:
        members = [part for part in re.split("[;；|]", raw) if part.strip()]
    kept = set()
    for member in members:
        try:
            kept.add(option(member, options))
        except Unreadable:
            continue
    return frozenset(kept)


def read(raw: Any, definition: Document, zone: ZoneInfo) -> Value:
    """One value as its field's type takes it; None for what R1.6 and `unknown_values` call unknown."""
    if is_nothing(raw):
        return None
    if isinstance(raw, str) and fold(raw) in {fold(word) for word in definition.get("unknown_values", [])}:
        return None
    kind, options = definition["type"], definition.get("options")
    try:
        value = _read_kind(kind, options, raw, zone)
    except ValueError as problem:
        raise Unreadable(raw) from problem
    if definition.get("names") != "domain":
        return value
    domain = domain_of(str(value))
    if domain is None:
        raise Unreadable(raw)
    return domain


def _read_kind(kind: str, options: list[str] | None, raw: Any, zone: ZoneInfo) -> Value:
    if kind == "text":
        if not isinstance(raw, str):
            raise Unreadable(raw)
        return " ".join(raw.split())
    if kind in {"choice", "choices"}:
        return option(raw, options) if kind == "choice" else option_set(raw, options) or None
    if kind in {"integer", "decimal"}:
        return number(raw, 0 if kind == "integer" else 4)
    if kind == "boolean":
        return boolean(raw)
    if kind == "date":
        return day(str(raw).strip(), zone)
    return instant(str(raw).strip(), zone)


def is_nothing(raw: Any) -> bool:
    """R1.6."""
    return raw is None or raw == [] or (isinstance(raw, str) and not raw.strip())


def order(event: Document) -> tuple[datetime, str, str]:
    """(occurred_at, source, id)."""
    return (moment_of(event), event.get("source", ""), event["id"])


def moment_of(event: Document) -> datetime:
    return datetime.fromisoformat(event["occurred_at"]).astimezone(UTC)


def history(events: list[Document], now: datetime) -> list[Document]:
    """R1.9 and R3.4: what has happened by now, in order."""
    return sorted((event for event in events if moment_of(event) <= now), key=order)


def facts_of(policy: Document, events: list[Document], now: datetime, account: list[Document]) -> dict[str, Value]:
    """R1.4: of each field the latest readable value, public ones only where no trusted event has named it.

    ``account`` are the events of all leads of the account: `company.*` belongs to it (R1.7).
    """
    zone, past, joint = ZoneInfo(policy["timezone"]), history(events, now), history(account, now)
    facts: dict[str, Value] = {}
    for name, definition in types_of(policy).items():
        named = [
            (event.get("public", False), raw)
            for event in (joint if name.startswith("company.") else past)
            for raw in _named(event, name)
        ]
        said = [(public, value) for public, raw in named for value in readable(raw, definition, zone)]
        # R1.19: a withdrawal of consent counts whoever says it
        trusted = [v for public, v in said if not public or (name.startswith("lead.consent.") and v is False)]
        for value in trusted or [value for _, value in said]:
            facts[name] = value
    _identity(facts, past)
    return {name: value for name, value in facts.items() if value is not None}


def readable(raw: Any, definition: Document, zone: ZoneInfo) -> list[Value]:
    """The value in a list, or nothing: what cannot be read has not named the fact."""
    try:
        return [read(raw, definition, zone)]
    except Unreadable:
        return []


def _named(event: Document, name: str) -> list[Any]:
    prefix, _, member = name.partition(".")
    group = {"lead": "traits", "company": "company", "answers": "answers"}.get(prefix, "")
    said = event.get(group, {})
    whole, _, part = member.partition(".")
    if part and isinstance(said.get(whole), dict) and part in said[whole]:
        return [said[whole][part]]
    return [said[member]] if member in said else []


def _identity(facts: dict[str, Value], past: list[Document]) -> None:
    """The last sentence of R1.4."""
    for name in ("email", "phone"):
        for event in past:
            if name in event.get("lead", {}) and "lead." + name not in facts:
                facts["lead." + name] = event["lead"][name]
    if past:
        facts["lead.created_at"] = moment_of(past[0])
    mail = facts.get("lead.email")
    if facts.get("company.domain") is None and isinstance(mail, str):
        domain = domain_of(mail)
        if "@" in mail and domain and domain not in FREE_MAIL:
            facts["company.domain"] = domain


def days(duration: Document) -> Fraction:
    """A duration in days of 24 hours."""
    [(unit, count)] = duration.items()
    return (
        Fraction(count)
        * {"seconds": Fraction(1, 86400), "minutes": Fraction(1, 1440), "hours": Fraction(1, 24), "days": Fraction(1)}[
            unit
        ]
    )


def age_in_days(earlier: datetime, later: datetime) -> Fraction:
    """Real days between two moments, exactly."""
    return Fraction((later - earlier) // timedelta(microseconds=1), 86_400_000_000)


def account_facts(leads: list[dict[str, Value]], events: list[list[Document]], now: datetime) -> dict[str, Value]:
    """R1.3: how many leads the account has, how many of them with an event in the last 30 days, and their roles."""
    recent = [[event for event in history(own, now) if age_in_days(moment_of(event), now) < 30] for own in events]
    roles = frozenset(str(facts["lead.buyer_role"]) for facts in leads if facts.get("lead.buyer_role") is not None)
    counts = {"account.leads": Fraction(len(leads)), "account.active_leads": Fraction(sum(map(bool, recent)))}
    return {**counts, **({"account.roles": roles} if roles else {})}
