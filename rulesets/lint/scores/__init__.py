"""Checks of points: bounds, edges, gaps between bands, points that a limit always cuts, cells that no lead reaches.

All sums are exact, in cents.
"""
