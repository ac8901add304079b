"""Queries for pages, API and reports. Nothing here changes a row or takes a lock."""
