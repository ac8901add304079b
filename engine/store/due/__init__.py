"""What becomes due by time: clocks, protection, refreshes, the queue, rescoring.

The scheduler asks here and turns rows into events.
"""
