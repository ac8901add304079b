"""Leads over HTTP: lists, scores, work, the pool, notices and reports.

It reads through `engine.store.read`; work becomes an event. May not decide anything.
"""
