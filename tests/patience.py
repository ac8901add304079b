"""How long tests wait for an event that must happen, in seconds."""

PATIENCE = 180.0
"""Seconds until a wait has failed. It judges nothing: on a busy machine everything takes longer, and a wait that ends
early costs no more for it. What a test measures has a limit of its own."""
