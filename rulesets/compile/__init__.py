"""Translates conditions of a policy into rulesets of durable_rules, and reads leads for them.

Nothing is matched here; `engine.matcher` does that.
"""
