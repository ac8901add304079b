"""Importing leads and events from tables: columns are recognised or named by a template, rows become events.

May not judge an event: `admin.intake.envelope` reads each one, as at every other door.
"""
