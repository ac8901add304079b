"""Scores of a lead at a moment: plan, repeats, decay, ledger, and when time alone changes them.

May import `lead`, `calendar` and `notify`.
"""
