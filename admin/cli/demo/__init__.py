"""The demo of `baton up --demo`: sample people and synthetic events sent through the real doors.

Nobody in it exists.
"""
