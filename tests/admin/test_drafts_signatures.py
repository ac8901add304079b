"""Who must sign: both sides, never the author alone, and only what was read."""

import pytest

from engine.store.drafts import load_draft, save_draft
from engine.store.signatures import Lacking, SignatureRefused, lacking, sign, valid_signatures, withdraw
from tests.admin.api_client import NOW
from tests.admin.documents import SMB

LI, WANG, ZHAO = "li@example.com", "wang@example.com", "zhao@example.com"


@pytest.mark.parametrize(
    ("signers", "authors", "rule", "expected"),
    [
        ({}, [LI], "none", ()),
        ({}, [LI], "one", (Lacking.ANY,)),
        ({}, [LI], "both", (Lacking.MARKETING, Lacking.SALES)),
        ({"marketing": LI}, [LI], "one", (Lacking.SOMEBODY_ELSE,)),
        ({"marketing": WANG}, [LI], "one", ()),
        ({"marketing": LI}, [LI], "both", (Lacking.SALES, Lacking.SOMEBODY_ELSE)),
        ({"marketing": LI, "sales": LI}, [LI], "both", (Lacking.SOMEBODY_ELSE,)),
        ({"marketing": LI, "sales": WANG}, [LI], "both", ()),
        ({"marketing": LI, "sales": WANG}, [LI, WANG], "both", ()),
        ({"marketing": LI, "sales": LI}, [], "both", ()),
        ({"marketing": ZHAO, "sales": WANG}, [LI], "both", ()),
    ],
)
def test_the_author_is_never_the_only_signer(
    signers: dict[str, str], authors: list[str], rule: str, expected: tuple[Lacking, ...]
) -> None:
    assert lacking(signers, authors, rule) == expected


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
