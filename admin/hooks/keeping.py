"""Sources as people write them, and as rows: checked, sealed and stored; trials; replays out of quarantine.

The pages and the command line call this alike.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from admin.hooks.bodies import Payload, TooDeep
from admin.hooks.definition import KEY, DefinitionRefused, HookDefinition, read_definition
from admin.hooks.mapping import Mapped, map_payload
from admin.hooks.ready_made import ready_made, ready_texts
from admin.hooks.received import BadSignature
from admin.hooks.sealing import seal
from admin.hooks.signatures import check_secret
from admin.hooks.xml_text import UnreadableXml
from admin.intake.json_text import UnreadableJson
from engine.errors import NotFound
from engine.store.hooks import quarantine, sources
from engine.store.hooks.sources import HookRefused
from engine.store.inbox.inbox import Accepted, accept
from rulesets.document.wording import says
from workers.queues import wake


def complete(raw: Any) -> dict[str, Any]:
    """A definition with what ``use: NAME`` takes from a ready-made source, checked. Raises DefinitionRefused."""
    if not isinstance(raw, dict):
        raise DefinitionRefused("a source is an object with label, signature, type and map")
    own = dict(raw)
    name = own.pop("use", None)
    if name is not None and name not in ready_texts():
        raise DefinitionRefused(f"use: {name!r} is no ready-made source; there are {', '.join(ready_texts())}")
    whole = {**(ready_made(name) if name else {}), **own}
    read_definition(whole)
    return whole


def check_key(key: Any) -> str:
    """A source's key; raises DefinitionRefused."""
    if not isinstance(key, str) or re.fullmatch(KEY, key) is None:
        raise DefinitionRefused("key: write 1 to 40 of a-z, 0-9, _ and -, beginning with a letter or digit")
    return key


def sealed(secrets: Sequence[str], definition: dict[str, Any], installation_key: str) -> list[str]:
    """Secrets as they are stored; raises DefinitionRefused for what the scheme cannot use."""
    scheme = read_definition(definition).signature.scheme
    try:
        for secret in secrets:
            check_secret(scheme, secret)
    except BadSignature as error:
        raise DefinitionRefused(f"secret: {error}") from None
    return [seal(secret, installation_key) for secret in secrets]


def try_body(key: str, definition: HookDefinition, text: str, now: datetime) -> Mapped:
    """What would become of a body, without checking a signature and without storing anything."""
    return _mapped(key, definition, Payload(text.encode("utf-8", "replace"), {}), now, now)


def sample_text(definition: HookDefinition) -> str:
    """The sample body of a definition, as text."""
    sample = definition.sample
    return sample if isinstance(sample, str) else json.dumps(sample, ensure_ascii=False, indent=2)


def _mapped(key: str, definition: HookDefinition, payload: Payload, received_at: datetime, now: datetime) -> Mapped:
    try:
        return map_payload(key, definition, payload, received_at, now)
    except (UnreadableJson, UnreadableXml, TooDeep) as error:
        return Mapped(failure=str(error))


def take_in(mapped: Mapped, now: datetime) -> Accepted:
    """Commit the events of a payload to the inbox and wake whoever decides them."""
    if not mapped.intakes:
        return Accepted(0, 0)
    accepted = accept(mapped.intakes, now)
    wake(accepted.lead_ids)
    return accepted


def replay(number: int, now: datetime, by: str) -> Accepted:
    """Map a body of the quarantine again; it leaves when nothing of it is refused any more.

    The events are committed first: whatever happens then, a second replay finds them known. Raises NotFound, and
    HookRefused with the reason when the body has to stay.
    """
    row = quarantine.read_quarantined(number)
    source = sources.find_source(row.source)
    if source is None:
        raise NotFound(says("there is no source %(key)s", key=row.source))
    if row.size > len(row.body):
        raise HookRefused(says("the body was too large to be kept whole: ask the vendor to send it again"))
    payload = Payload(row.body, row.headers)
    mapped = _mapped(row.source, read_definition(source.definition), payload, row.received_at, now)
    accepted = take_in(mapped, now)
    if mapped.reason:
        quarantine.note_reason(number, mapped.reason, mapped.message)
        raise HookRefused(mapped.message)
    quarantine.release(number, "hook.replayed", by)
    return accepted
