"""Which policies score alike, and which read values alike (R1.4, R3.6)."""

from typing import Any

from engine.core.scoring.digests import reading_digest, scoring_digest
from tests.factories import model, policy_document

CITY = {"key": "lead.town", "type": "choice", "options": ["Beijing"]}


def scores_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return scoring_digest(one) == scoring_digest(other)


def test_versions_of_another_edition_of_the_rules_score_and_read_otherwise() -> None:
    """R3.6: values are read by the edition that a version was published under."""
    plain = policy_document()
    assert scoring_digest(plain, 1) != scoring_digest(plain, 2) == scoring_digest(plain)
    assert reading_digest(plain, 1) != reading_digest(plain, 2) == reading_digest(plain)


def test_labels_assignment_and_clocks_change_no_score() -> None:
    plain = policy_document()
    assert scores_alike(plain, policy_document(models=[model(label="Main")]))
    assert scores_alike(plain, policy_document(assignment=[], sla=[], name="Other"))


def test_models_fields_segments_zone_and_qualification_change_scores_or_verdicts() -> None:
    plain = policy_document()
    assert not scores_alike(plain, policy_document(models=[model(priority=2)]))
    assert not scores_alike(plain, policy_document(fields=[CITY]))
    assert not scores_alike(plain, policy_document(timezone="UTC"))
    assert not scores_alike(plain, policy_document(qualification={"red_flags": []}))


def test_types_options_and_unknown_values_change_how_statements_are_read_and_nothing_else_does() -> None:
    plain = policy_document(fields=[CITY])
    assert reading_digest(plain) == reading_digest(policy_document(fields=[{**CITY, "label": "Town"}], models=[]))
    assert reading_digest(plain) != reading_digest(policy_document(fields=[{**CITY, "options": ["Xi'an"]}]))
    assert reading_digest(plain) != reading_digest(policy_document(fields=[{**CITY, "unknown_values": ["N/A"]}]))
    assert reading_digest(plain) != reading_digest(policy_document())
