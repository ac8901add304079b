"""Erasure as the last step of a batch, in the transaction that decided it (R4.8; docs/contract/design.md §2).

Every lead that a decision of the batch erased, and every erased lead that something more was decided on: what came for
it since goes, too. What goes is `engine.core.lead.erasure`, where it stands is `engine.store.decisions.erasure`.
"""

from collections.abc import Sequence

from engine.batch.batch_state import BatchContext
from engine.batch.leads import EventInBatch
from engine.core.qualification.stages import ERASED
from engine.core.scoring.siblings import account_dependency
from engine.store.decisions import erasure
from engine.store.session import Driver


def erase_decided(driver: Driver, steps: Sequence[EventInBatch], at: BatchContext) -> frozenset[int]:
    """Erase what these decisions ask for; returns the leads of which nothing may be remembered."""
    by_event = {step.track.lead.id: step for step in steps if step.event.type == ERASED and not step.outcome.refusal}
    leads = {step.track.lead.id for step in steps if step.outcome.after.erased_at is not None}
    for lead in sorted(leads):
        if (step := by_event.get(lead)) is not None:
            beside = account_dependency(at.rules.policy).matters
            erasure.note(driver, lead, step.event, at.now, beside=beside)
        erasure.erase(driver, lead, at.rules.frame.vocabulary, at.rules.frame.zone)
    return frozenset(leads)
