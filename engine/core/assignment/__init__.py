"""Assignment of leads: candidates and reasons, strategies, rotation, queue and public pool.

May import everything up to `scoring`.
"""
