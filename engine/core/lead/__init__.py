"""A lead and its data: identity, facts, history, state, and the people of the roster.

Imports no other package of the core.
"""
