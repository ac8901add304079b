"""Codes and values turned into words of the reader's language.

Reads decisions, decides nothing, holds no HTML, and imports no door.
"""
