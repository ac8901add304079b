"""Notices to people: effects of a decision, kinds of notices and their recipients, times of retries.

May import `lead` and `calendar`.
"""
