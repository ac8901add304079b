"""Reports as tables: fairness, clocks, origins, and the result of a simulation.

Computed from values that the caller has read; no queries here.
"""
