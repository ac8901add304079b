"""Signatures under the draft: bound to what was read, void after any edit."""

import pytest

from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.signatures import SignatureRefused, sign, valid_signatures, withdraw
from tests.admin.api_client import NOW
from tests.admin.documents import SMB

LI, WANG = "li@example.com", "wang@example.com"


def test_any_edit_voids_the_signatures(database: str) -> None:
    save_draft(SMB, None, LI)
    digest = load_draft().digest
    sign("sales", digest, WANG, NOW)
    assert [(s.side, s.signer) for s in valid_signatures(digest)] == [("sales", WANG)]
    save_draft({**SMB, "name": "Other"}, None, LI)
    assert valid_signatures(load_draft().digest) == ()


def test_only_the_draft_that_was_read_can_be_signed(database: str) -> None:
    save_draft(SMB, None, LI)
    digest = load_draft().digest
    save_draft({**SMB, "name": "Other"}, None, LI)
    with pytest.raises(SignatureRefused, match="changed after you opened"):
        sign("sales", digest, WANG, NOW)


def test_a_signature_can_be_withdrawn(database: str) -> None:
    save_draft(SMB, None, LI)
    digest = load_draft().digest
    sign("marketing", digest, WANG, NOW)
    withdraw("marketing", WANG)
    assert valid_signatures(digest) == ()
