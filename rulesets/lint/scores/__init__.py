"""Checks of points: bounds, edges, gaps between bands, points that a limit always cuts, cells that no lead reaches.

Every sum is exact, in cents; no floats.
"""
