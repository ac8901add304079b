"""Pages about leads: lists, one lead, work on it, pool, queue, reports.

A click becomes an event; nothing is decided here.
"""
