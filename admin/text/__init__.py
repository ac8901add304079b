"""Codes and values as words and sentences, in three languages through Babel: the one place where decisions get text.

Reads what it is given. May not import a door (`admin.api`, `admin.views`, `admin.cli`), read the store or decide.
"""
