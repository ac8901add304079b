"""The page of imports: files that are looked at and taken in, and the templates people keep for them.

May not read rows or make events itself: `admin.importing` does, for the command line alike.
"""
