"""The draft policy as rows, signatures under it, planned publications, and the published versions.

Edits are versioned rows; nothing here lints.
"""
