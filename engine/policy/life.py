"""Load an old version into the draft (docs/contract/design.md §4).

Publishing is `engine.policy.publish`; publishing at a planned moment is `engine.policy.activation`.
"""

from engine.store.policy.drafts import save_draft
from engine.store.policy.versions import read_version


def restore(number: int, expected_revision: int | None, by: str) -> int:
    """Load a version into the draft and return the draft's revision. An equal draft stays as it is.

    Raises `NotFound`, and `DraftConflict` if the draft has another revision than expected.
    """
    return save_draft(read_version(number).document, expected_revision, by, restored=number)
