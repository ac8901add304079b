"""Rows that become due by time: clocks, protection, refreshes, the queue, rescoring.

The scheduler calls this package to turn them into events.
"""
