"""What arrives from outside, read and checked: JSON text, identifiers, event envelopes.

Every door that takes events reads them here. May not read the database or answer anybody.
"""
