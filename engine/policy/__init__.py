"""The life of a policy: lint and test cases, trial in a process of its own, publication, activation at a moment.

Rows of drafts and versions are `engine.store.policy`.
"""
