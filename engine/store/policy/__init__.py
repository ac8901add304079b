"""The draft policy as rows, its signatures, planned publications, and the published versions.

Edits are versioned rows. Nothing here lints.
"""
