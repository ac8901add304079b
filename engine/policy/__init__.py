"""From draft to version in force: lint and test cases, trial in a subprocess, publication, planned activation.

`engine.store.policy` has the rows of drafts and versions.
"""
