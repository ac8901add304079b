"""``/hooks/{source}``: verify over the raw body, map, take in, answer; what cannot be taken waits in quarantine.

1. find the source; 2. read the body within the API's limits; 3. check signature and moment; 4. check the media type and
read the payload; 5. map and check the envelopes; 6. commit the good ones; 7. hold the body if anything was refused.

May not know the API's routes, the pages or the commands: `register` is handed how bodies are read.
"""

from collections.abc import Callable
from datetime import datetime
from typing import cast

import structlog
from flask import Flask, Response, current_app, jsonify, request

from admin.hooks.bodies import Payload, TooDeep, WrongMediaType, check_media_type, payload_of
from admin.hooks.definition import HookDefinition, read_definition
from admin.hooks.keeping import take_in
from admin.hooks.mapping import Mapped, map_payload
from admin.hooks.received import BadSignature, Received
from admin.hooks.sealing import UnreadableSecret, unseal
from admin.hooks.signatures import greeting, verify
from admin.hooks.xml_text import UnreadableXml
from admin.intake.json_text import UnreadableJson
from admin.moment import now
from admin.web.problems import Problem
from engine.store.hooks.quarantine import Held, keep_body
from engine.store.hooks.sources import find_source
from engine.store.schema.intake_tables import HookSource

log = structlog.get_logger()
CHALLENGES = {"basic": 'Basic realm="baton"', "bearer": 'Bearer realm="baton"'}


def register(app: Flask, read_body: Callable[[], bytes]) -> None:
    """Serve the address of every source; ``read_body`` gives a request's body or raises Problem."""

    def post(source: str) -> Response:
        return receive(_source(source), read_body(), now())

    def get(source: str) -> Response:
        return greet(_source(source), now())

    app.add_url_rule("/hooks/<source>", "hooks.receive", post, methods=["POST"], provide_automatic_options=False)
    app.add_url_rule("/hooks/<source>", "hooks.greet", get, methods=["GET"], provide_automatic_options=False)


def _source(key: str) -> HookSource:
    row = None if "\x00" in key else find_source(key)
    if row is None or not row.active:
        raise Problem("not_found", "There is no source in use under this address: look at the list in the admin.")
    return row


def _received(body: bytes = b"") -> Received:
    """This request as a value; the address is the one that was called, before anything decoded it."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")
    return Received(
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.args.items()),
        method=request.method,
        url=f"{request.host_url.rstrip('/')}{raw}",
        address=request.remote_addr or "",
    )


def _secrets(row: HookSource) -> list[str]:
    try:
        return [unseal(one, cast("str", current_app.config["SECRET_KEY"])) for one in row.secrets]
    except UnreadableSecret as error:
        log.warning("hook.secret_unreadable", source=row.key)
        raise Problem("unavailable", f"{error}.", headers={"Retry-After": "600"}) from None


def _unproved(row: HookSource, definition: HookDefinition, why: BadSignature) -> Problem:
    log.warning("hook.refused", source=row.key, why=str(why))
    challenge = CHALLENGES.get(definition.signature.scheme, 'Signature realm="baton"')
    return Problem("bad_signature", f"{why}.".capitalize(), headers={"WWW-Authenticate": challenge})


def greet(row: HookSource, moment: datetime) -> Response:
    """Answer a vendor that checks the address with a GET."""
    definition = read_definition(row.definition)
    try:
        text = greeting(_received(), _secrets(row), definition.signature, moment)
    except BadSignature as why:
        raise _unproved(row, definition, why) from None
    return Response(text, mimetype="text/plain")


def receive(row: HookSource, body: bytes, moment: datetime) -> Response:
    """Take a vendor's request in; raises Problem for what the vendor has to mend."""
    definition = read_definition(row.definition)
    received = _received(body)
    try:
        secret = verify(received, _secrets(row), definition.signature, moment)
        payload = payload_of(received, secret, definition)
    except BadSignature as why:
        raise _unproved(row, definition, why) from None
    mapped = _map(row, definition, payload, moment)
    accepted = take_in(mapped, moment)
    if mapped.reason:
        keep_body(Held(row.key, mapped.reason, mapped.message, payload.text, payload.headers), moment)
    log.info("hook.taken", source=row.key, accepted=accepted.accepted, refused=mapped.reason or None)
    if definition.status == 200:
        return Response("success", mimetype="text/plain")
    held = len(mapped.rejections) or int(bool(mapped.failure))
    counts = {"accepted": accepted.accepted, "duplicates": accepted.duplicates, "quarantined": held}
    answer = jsonify(counts)
    answer.status_code = 202
    return answer


def _map(row: HookSource, definition: HookDefinition, payload: Payload, moment: datetime) -> Mapped:
    try:
        check_media_type(request.mimetype, definition)
        return map_payload(row.key, definition, payload, moment, moment)
    except WrongMediaType as error:
        raise Problem("wrong_media_type", f"{error}.") from None
    except UnreadableJson as error:
        raise Problem(error.code, f"{error}.") from None
    except UnreadableXml as error:
        raise Problem("malformed_xml", f"{error}.".capitalize()) from None
    except TooDeep as error:
        raise Problem("invalid", f"The body {error}.") from None
