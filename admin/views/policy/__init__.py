"""Pages of the draft policy: rows and forms, the whole document, review, publication, versions.

Every write goes through `engine.store.policy`.
"""
