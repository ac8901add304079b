"""Leads over HTTP: lists, scores, work, the pool, notices and reports.

Reads `engine.store.read`; work goes in as events.
"""
