"""Reports as tables: fairness, clocks, origins, and what a simulation came to.

Computed from values that the caller read; nothing here queries.
"""
