"""The life of a policy between its versions: an old one becomes the draft again (docs/contract/design.md §4).

Publishing is `engine.policy.publish`, coming into force at a moment `engine.policy.activation`.
"""

from engine.store.policy.drafts import save_draft
from engine.store.policy.versions import read_version


def restore(number: int, expected_revision: int | None, by: str) -> int:
    """Load a version into the draft and return the draft's revision; a draft that is the same stays as it is.

    Raises `NotFound`, and `DraftConflict` when the draft has another revision than was expected.
    """
    return save_draft(read_version(number).document, expected_revision, by, restored=number)
