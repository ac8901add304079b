"""A lead as the doors show it: its row, scores of the moment, ledger, as plain data.

Shared by API, pages and commands; changes nothing.
"""
