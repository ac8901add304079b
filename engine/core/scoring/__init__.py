"""Scores of a lead at a moment: plan, repeats, decay, ledger, and when they change by time alone.

May import `lead`, `calendar` and `notify`.
"""
