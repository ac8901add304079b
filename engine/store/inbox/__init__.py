"""Incoming events: accepted once, waiting, claimed, retried, set aside. `engine.batch` decides them."""
