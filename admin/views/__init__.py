"""The pages people use, on Flask-Admin.

A view reads its arguments, asks the engine or the store, and renders; the API is `admin.api`.
"""
