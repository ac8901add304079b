"""The demo of `baton up --demo`: sample people, and synthetic events sent over HTTP.

All people and companies are made up. May not use anything that other users cannot.
"""
