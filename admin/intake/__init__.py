"""What comes in from outside, read and checked once: envelopes, identifiers, JSON.

Shared by every door; stores nothing.
"""
