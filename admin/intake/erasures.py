"""Events that erase a person, at the doors: each must name exactly one known lead (R4.8).

An unknown address makes no lead: the item is refused with a sentence, and nothing is kept of it.
"""

from collections.abc import Sequence

from admin.intake.envelope import Rejection
from engine.store.inbox import erasing
from engine.store.inbox.inbox import Intake

SENTENCES = {
    erasing.UNKNOWN: "names nobody Baton knows: nothing was kept, and there is nothing to erase",
    erasing.SEVERAL: "names several leads: send one event for each, with one identifier",
}


def without_targets(
    intakes: Sequence[Intake], rejections: Sequence[Rejection], of: int
) -> tuple[list[Intake], list[Rejection]]:
    """The same events and rejections, those that can erase nobody rejected; ``of``: items of the request."""
    refused = erasing.refused(intakes)
    if not refused:
        return list(intakes), list(rejections)
    taken = {rejection.index for rejection in rejections}
    places = [index for index in range(of) if index not in taken]
    more = [Rejection(places[place], code, "lead", SENTENCES[code]) for place, code in refused.items()]
    left = [item for place, item in enumerate(intakes) if place not in refused]
    return left, sorted([*rejections, *more], key=lambda rejection: rejection.index)
