"""Who gets a lead: candidates and reasons, strategies, rotation, queue and public pool.

May import everything up to `scoring`.
"""
