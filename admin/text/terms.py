"""The field's terms for codes (docs/contract/domain.md), in the reader's language."""

from typing import Any

from flask_babel import lazy_gettext as _l

STAGES = {
    "raw": _l("Raw lead"),
    "nurture": _l("Nurture"),
    "ready": _l("Ready for an SDR"),
    "mql": _l("MQL"),
    "sql": _l("SQL"),
    "opportunity": _l("Opportunity"),
    "won": _l("Won"),
    "lost": _l("Lost"),
    "disqualified": _l("Disqualified"),
}
HEATS = {"frenzied": _l("frenzied"), "hot": _l("hot"), "warm": _l("warm"), "cold": _l("cold")}
ACTIONS = {
    "sales": _l("hand to sales"),
    "sdr": _l("hand to an SDR"),
    "nurture": _l("nurture"),
    "hold": _l("hold"),
    "disqualify": _l("disqualify"),
}
ROLES = {
    "admin": _l("Administrator"),
    "marketing": _l("Marketing"),
    "sdr_manager": _l("SDR manager"),
    "sales_manager": _l("Sales manager"),
    "sdr": _l("SDR"),
    "sales": _l("Sales"),
    "viewer": _l("Viewer"),
    "manager": _l("Manager"),
}
IDENTITIES = {
    "external_id": _l("External id"),
    "wechat": _l("WeChat"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "anonymous_id": _l("Anonymous id"),
}
CONSENT = {"email": _l("By e-mail"), "phone": _l("By phone"), "wechat": _l("By WeChat")}
CLOCK_STATES = {
    "running": _l("running"),
    "met": _l("met"),
    "breached": _l("breached"),
    "cancelled": _l("cancelled"),
    "held": _l("held"),
    "broken": _l("broken"),
}
CUTS = {"signal": _l("signal limit"), "group": _l("group limit"), "total": _l("total limit")}
CANDIDATES = {
    "chosen": _l("chosen"),
    "eligible": _l("could have received it; another turn came first"),
    "inactive": _l("is not active"),
    "absent": _l("is absent"),
    "suspended": _l("is suspended"),
    "not_listed": _l("is not on this month's list"),
    "capacity": _l("has as many open leads as allowed"),
    "cap_day": _l("has received as many leads as allowed today"),
    "cap_week": _l("has received as many leads as allowed this week"),
    "cap_month": _l("has received as many leads as allowed this month"),
    "no_match": _l("does not match the lead"),
    "previous": _l("had this lead before"),
    "off_hours": _l("is off hours"),
}
NOTES = {
    "not_text": _l("is no text"),
    "bad_characters": _l("contains characters that cannot be stored"),
    "not_a_number": _l("is no number"),
    "fraction": _l("has a fraction where a whole number is needed"),
    "ambiguous_number": _l("may mean thousands or a fraction: the dot has three digits behind it"),
    "too_many_decimals": _l("has more than four decimals"),
    "too_large": _l("is too large"),
    "not_boolean": _l("is neither yes nor no"),
    "not_an_option": _l("is not one of the options"),
    "not_a_date": _l("is no date"),
    "unreadable_identity": _l("names nobody"),
    "not_a_domain": _l("is no domain"),
}
WARNINGS = {
    **CANDIDATES,
    "conflict": _l("somebody else works on a lead of the same company"),
}
"""What may speak against a person named by hand. They get the lead all the same (R5.9)."""
POOL_REASONS = {
    "reclaimed": _l("protection passed"),
    "released": _l("released"),
    "rejected": _l("rejected"),
    "nobody": _l("nobody could be found"),
}
"""Why a lead is in the public pool, other than a clock or an assignment policy (R7.2)."""
PLACES = {"queue": _l("the queue"), "pool": _l("the public pool")}
"""Where a lead goes if nobody can take it."""
WORK = {
    "touch": _l("Log a touch"),
    "qualify": _l("Qualify"),
    "accept": _l("Accept"),
    "reject": _l("Reject"),
    "release": _l("Release"),
    "claim": _l("Claim"),
    "assign": _l("Assign"),
    "dispatch": _l("Dispatch"),
    "disqualify": _l("Disqualify"),
    "recycle": _l("Recycle"),
    "reopen": _l("Reopen"),
}
RESULTS = {
    "reached": _l("Reached"),
    "connected": _l("Connected"),
    "conversation": _l("Conversation"),
    "no_answer": _l("No answer"),
}
STATUSES = {"waiting": _l("waiting"), "decided": _l("decided"), "set_aside": _l("set aside")}
CHANNELS = {"call": _l("Call"), "email": _l("E-mail"), "wechat": _l("WeChat"), "meeting": _l("Meeting")}
SCORES = {"fit": _l("fit"), "engagement": _l("engagement")}
SIDES = {"marketing": _l("Marketing"), "sales": _l("Sales")}
LACKING = {
    "marketing": _l("the signature of marketing"),
    "sales": _l("the signature of sales"),
    "marketing or sales": _l("a signature of marketing or sales, by somebody who did not write the change"),
    "somebody who did not write it": _l("the signature of somebody who did not write the change"),
}
WORDS = {
    "text": _l("text"),
    "choice": _l("one of the options"),
    "choices": _l("several of the options"),
    "integer": _l("whole number"),
    "decimal": _l("number"),
    "boolean": _l("yes or no"),
    "date": _l("date"),
    "datetime": _l("date and time"),
    "direct": _l("direct: says intent by itself"),
    "latent": _l("latent: counts by weight and frequency"),
    "sdr": _l("SDR"),
    "sales": _l("Sales"),
    "manager": _l("Manager"),
    "nurture": _l("Nurture"),
    "pool": _l("Public pool"),
    "lead": _l("each lead by itself"),
    "account": _l("the account"),
    "round_robin": _l("in turn"),
    "weighted": _l("in turn, by weight"),
    "least_open": _l("who has the fewest open leads"),
    "top_performer": _l("the best performer"),
    "dispatcher": _l("the head of the team, who dispatches"),
    "department": _l("department"),
    "territories": _l("territories"),
    "languages": _l("languages"),
    "industries": _l("industries"),
    "assign": _l("assign anyway"),
    "skip": _l("skip who is off"),
    "wait": _l("wait for working hours"),
    "no_credit": _l("gets no turns back"),
    "make_up": _l("makes up for missed turns"),
    "deadline": _l("deadline: must happen in time"),
    "hold": _l("hold: must stand so long"),
    "owner": _l("the owner"),
    "role": _l("anybody of the role"),
    "notify": _l("notify"),
    "strike": _l("strike"),
    "reassign": _l("reassign"),
    "escalate": _l("escalate"),
    "queue": _l("into the queue"),
    "recycle": _l("recycle"),
    "tag": _l("tag"),
    "disqualify": _l("disqualify"),
    "credit": _l("credit"),
    "event": _l("event"),
    "asset": _l("asset"),
    "day": _l("day"),
    "linear": _l("linear"),
    "half_life": _l("half-life"),
    "step": _l("in steps"),
    "expire": _l("expires"),
    "none": _l("does not fade"),
}
"""Words of a policy that forms offer as choices. A test compares them with the forms."""
STARTERS = {
    "growth_smb": _l("Growing market: fit × interest of a person"),
    "key_accounts": _l("Key accounts: companies by their buying committee"),
    "existing_customers": _l("Existing customers: repurchase"),
}
"""Policies to begin with (`rulesets.starters`)."""
CHECKLISTS = {
    **{name: name.upper() for name in ("bant", "champ", "meddic", "mantcp", "aunm", "pact", "faint")},
    "fifteen_facts": _l("Sheet of 15 facts"),
}
"""Checklists to add to a policy."""


def term(table: dict[str, Any], code: Any) -> Any:
    """The term for a code, else the code itself, so that codes of a later version are shown."""
    return table.get(code, code) if code else ""
