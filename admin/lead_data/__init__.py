"""A lead as plain data for API, pages and commands: its row, current scores, ledger.

It reads only. May not decide or write anything.
"""
