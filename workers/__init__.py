"""Runs things at their time: RQ wake-ups and jobs, the scheduler, deliveries.

The only code that uses Redis. Decides nothing itself.
"""
