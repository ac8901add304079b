"""Publishing: refusals, valid signatures, and that nothing is written twice."""

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import PolicyRefused
from engine.policy.publish import Request, Signature, adds_to, publish
from engine.store.policy.versions import active_number, list_versions, read_version
from rulesets.conditions.reading import EDITION
from rulesets.document import document
from rulesets.policy.policy import Policy
from tests.factories import NOW, decide_all, event, model, policy_document, take_in

pytestmark = pytest.mark.usefixtures("database")
MARKETING, SALES, AUTHOR = "marketing@example.com", "sales@example.com", "author@example.com"


def digest_of(policy: dict[str, Any]) -> str:
    """The digest that signatures are bound to."""
    return document.digest(Policy.model_validate(policy))


def signed(side: str, by: str, policy: dict[str, Any] | None = None) -> Signature:
    """A signature to a document."""
    return Signature(side, by, digest_of(policy or policy_document()), NOW)


def request(*signatures: Signature, **parts: Any) -> Request:
    """A request to publish the small policy."""
    defaults: dict[str, Any] = {"document": policy_document(), "by": AUTHOR, "reason": "first", "authors": (AUTHOR,)}
    return Request(**{**defaults, **parts}, signatures=signatures)


def test_a_policy_signed_by_both_sides_comes_into_force() -> None:
    assert publish(request(signed("marketing", MARKETING), signed("sales", SALES)), NOW).number == 1
    version = read_version(1)
    assert (active_number(), version.digest, version.bypassed) == (1, digest_of(policy_document()), False)
    assert [(one["side"], one["by"]) for one in version.signatures] == [("marketing", MARKETING), ("sales", SALES)]
    take_in(event(external_id="c1"))
    assert decide_all() == 1


@pytest.mark.parametrize(
    ("signatures", "signoff", "lacking"),
    [
        ((), "both", "marketing and sales"),
        ((signed("sales", SALES),), "both", "marketing"),
        ((signed("marketing", AUTHOR), signed("sales", AUTHOR)), "both", "somebody who did not write it"),
        ((signed("marketing", AUTHOR.upper()), signed("sales", AUTHOR)), "both", "somebody who did not write it"),
        ((signed("marketing", MARKETING), signed("sales", SALES, policy_document(name="Other"))), "both", "sales"),
        ((), "one", "marketing or sales"),
        ((signed("marketing", AUTHOR),), "one", "marketing or sales"),
        ((signed("legal", MARKETING),), "one", "marketing or sales"),
    ],
)
def test_lacking_signatures_are_named(signatures: tuple[Signature, ...], signoff: str, lacking: str) -> None:
    with pytest.raises(PolicyRefused, match=f"not signed by {lacking}"):
        publish(request(*signatures, signoff=signoff), NOW)
    assert active_number() is None


@pytest.mark.parametrize(
    ("signatures", "signoff"),
    [
        ((), "none"),
        ((signed("sales", SALES),), "one"),
        ((signed("marketing", AUTHOR), signed("sales", SALES)), "both"),
    ],
)
def test_as_many_signatures_as_the_setting_asks_for_are_enough(signatures: tuple[Signature, ...], signoff: str) -> None:
    assert publish(request(*signatures, signoff=signoff), NOW).number == 1
    assert not read_version(1).bypassed


def test_a_bypass_is_recorded_and_signatures_to_another_document_are_not() -> None:
    stale = signed("sales", SALES, policy_document(name="Other"))
    publish(request(signed("marketing", MARKETING), stale, bypass=True), NOW)
    assert read_version(1).bypassed
    assert [one["side"] for one in read_version(1).signatures] == ["marketing"]


def test_a_bypass_of_nothing_is_none() -> None:
    publish(request(signoff="none", bypass=True), NOW)
    assert not read_version(1).bypassed


def test_a_document_with_errors_is_refused_with_every_finding() -> None:
    broken = policy_document(assignment=[{"key": "inbound", "role": "sdr", "otherwise": {"policy": "nowhere"}}])
    broken["models"] = [model(when={"field": "lead.nothing", "op": "eq", "value": 1})]
    with pytest.raises(PolicyRefused) as refused:
        publish(request(document=broken, bypass=True), NOW)
    assert len(refused.value.findings) >= 2
    assert list_versions() == []


@pytest.mark.parametrize("parts", [{"reason": "  "}, {"act_on_existing": "all"}])
def test_a_request_that_says_too_little_or_nonsense_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(PolicyRefused):
        publish(request(signoff="none", **parts), NOW)


def test_the_version_in_force_is_not_written_again() -> None:
    assert publish(request(signoff="none"), NOW).number == 1
    assert publish(request(signoff="none", reason="again", by=SALES), NOW).number == 1
    assert len(list_versions()) == 1


def test_the_version_in_force_is_written_again_once_to_promote_whom_it_left_at_rest() -> None:
    """R3.10."""
    numbers = [publish(request(signoff="none", act_on_existing=act), NOW).number for act in ("none", "promote") * 2]
    assert numbers == [1, 2, 2, 2]
    assert [one["act_on_existing"] for one in list_versions()] == ["promote", "none"]


def test_a_version_of_an_earlier_edition_of_the_rules_is_written_again() -> None:
    publish(request(signoff="none"), NOW)
    version = read_version(1)
    assert (version.edition, adds_to(version, version.digest, "none")) == (EDITION, False)
    old = replace(version, compiled={"rulesets": {}})
    assert (old.edition, adds_to(old, old.digest, "none")) == (1, True)


def test_an_older_document_published_again_is_a_new_version() -> None:
    publish(request(signoff="none"), NOW)
    publish(request(signoff="none", document=policy_document(name="Other")), NOW)
    assert publish(request(signoff="none"), NOW).number == 3
    assert [one["active"] for one in list_versions()] == [True, False, False]
