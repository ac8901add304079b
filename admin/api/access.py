"""Who is asking: the API key of a request, and whether it may.

Reads a key from `Authorization: Bearer`, for Segment's libraries from Basic (the key as user name), and for what
browsers send without headers (`sendBeacon`) from `?key=` or the body's `writeKey`, which take public keys only.
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
    """The living key of this request; raises Problem (401, or 403 for a secret key in an address)."""
    token = _from_header(basic=basic)
    exposed = token is None and public
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
    """Raise Problem (403) unless the key has one of the scopes, and is not public where that is not allowed."""
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
    """How far this request sees, by the person its key is bound to; asked of the database once."""
    if "reach" not in g:
        g.reach = reach_of(current_key().person)
    reach: ReadAccess = g.reach
    return reach


def check_sees_all(what: str) -> None:
    """Raise Problem (403) unless this request sees everything."""
    if current_reach().person is not None:
        raise Problem("not_yours", f"A key bound to somebody without oversight does not read {what}.")


def check_sees_lead(lead_id: int) -> None:
    """Raise Problem (403) for a lead that this request may not see, NotFound for one that is not there."""
    reach = current_reach()
    if reach.person is not None and not reach.sees(read_hands(lead_id)):
        raise Problem("not_yours", f"{reach.person} neither has nor had this lead: use a key that may see all leads.")


def check_person(person: str) -> None:
    """Raise Problem (403) when this request sees only what is told to another person."""
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
    """Segment's browser library posts its key inside the body."""
    try:
        value = parse_json(read_body()).value
    except UnreadableJson:
        return None
    key = value.get("writeKey") if isinstance(value, dict) else None
    return key if isinstance(key, str) else None


def acting() -> str:
    """Whose name a change of this request carries: the key's person, else the key itself."""
    key = current_key()
    return key.person or f"key:{key.name}"
