"""The API key of a request: who calls, and what the key may do.

The key is in `Authorization: Bearer`. Segment's libraries send it by Basic, as the user name. Browsers that cannot set
headers (`sendBeacon`) send it as `?key=` or as `writeKey` in the body; both take public keys only.
"""

from flask import g, request

from admin.api.bodies import read_body
from admin.intake.json_text import UnreadableJson, parse_json
from admin.moment import now
from admin.reach import ReadAccess, reach_of
from admin.web.problems import Problem
from engine.store.access.keys import Key, find_key, note_use
from engine.store.read.leads import read_hands

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="baton"'}


def authenticate(*, public: bool, basic: bool) -> Key:
    """The key of this request. Raises Problem: 401 without a valid key, 403 for a secret key in the address or body."""
    token = _from_header(basic=basic)
    exposed = token is None and public  # a key in an address ends up in logs and histories
    if exposed:
        token = request.args.get("key") or (_from_body() if basic else None)
    if token is None:
        ways = "Bearer <key>, or Basic with the key as user name" if basic else "Bearer <key>"
        raise Problem("key_missing", f"Send the header Authorization: {ways}.", headers=CHALLENGE)
    key = find_key(token)
    if key is None:
        raise Problem(
            "key_unknown",
            "No living key looks like this: check it, or make one with `baton key add`.",
            headers=CHALLENGE,
        )
    if exposed and not key.public:
        raise Problem(
            "not_for_public_keys",
            "A secret key stood in the address or body, where others can read it: send it in the Authorization "
            "header, and revoke it if this address was logged.",
        )
    note_use(key, now())
    return key


def check_scope(key: Key, scopes: tuple[str, ...], *, public: bool) -> None:
    """Raise Problem (403) if the key lacks every one of the scopes, or is public and the route is not."""
    if key.public and not public:
        raise Problem("not_for_public_keys", "A public key may only send behaviour and lead.identified.")
    if scopes and not key.scopes.intersection(scopes):
        raise Problem(
            "scope_missing", f"The key {key.name} lacks the scope {' or '.join(scopes)}.", needed=list(scopes)
        )


def current_key() -> Key:
    """The key of this request, authenticated before the handler ran."""
    key: Key = g.key
    return key


def current_reach() -> ReadAccess:
    """Which leads this request may read, by the person of its key. Read from the database once per request."""
    if "reach" not in g:
        g.reach = reach_of(current_key().person)
    reach: ReadAccess = g.reach
    return reach


def check_sees_all(what: str) -> None:
    """Raise Problem (403) if this request may not read all leads."""
    if current_reach().person is not None:
        raise Problem("not_yours", f"A key bound to somebody without oversight does not read {what}.")


def check_sees_lead(lead_id: int) -> None:
    """Raise Problem (403) if this request may not read the lead, NotFound if there is no such lead."""
    reach = current_reach()
    if reach.person is not None and not reach.sees(read_hands(lead_id)):
        raise Problem("not_yours", f"{reach.person} neither has nor had this lead: use a key that may see all leads.")


def check_person(person: str) -> None:
    """Raise Problem (403) if the key is bound to another person without oversight."""
    reach = current_reach()
    if reach.person not in {None, person}:
        why = f"This key is bound to {reach.person}, who reads no notifications of others."
        raise Problem("not_yours", why, parameter="person")


def _from_header(*, basic: bool) -> str | None:
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    if basic and scheme.lower() == "basic":
        given = request.authorization
        return (given.username or "") if given is not None else ""
    return None


def _from_body() -> str | None:
    """The `writeKey` that Segment's browser library sends in the body."""
    try:
        value = parse_json(read_body()).value
    except UnreadableJson:
        return None
    key = value.get("writeKey") if isinstance(value, dict) else None
    return key if isinstance(key, str) else None


def acting() -> str:
    """The actor of a change: the person of the key, else the key itself. The audit log shows it."""
    key = current_key()
    return key.person or f"key:{key.name}"
