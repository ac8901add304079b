"""Conditions of a policy translated into rulesets for durable_rules, and how a lead is read for them.

Nothing here evaluates: that is `engine.matcher`.
"""
