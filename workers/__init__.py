"""When things happen: RQ wake-ups and jobs, the scheduler, deliveries.

The only code that talks to Redis; it decides nothing itself.
"""
