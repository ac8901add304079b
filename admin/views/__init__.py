"""The pages of the admin, on Flask-Admin.

A view reads its arguments, calls the engine or the store, and renders. May not import the API or decide anything.
"""
