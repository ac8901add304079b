"""Imports kept in the database: templates by name, and files with how far they were taken in.

May not read a file or make events of its rows: `admin.importing` does.
"""
