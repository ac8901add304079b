"""Turns codes and values into sentences of the reader's language.

May not decide anything, hold HTML, or import the API, pages or commands.
"""
