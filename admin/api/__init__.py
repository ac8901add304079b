"""The HTTP API: events in, leads and decisions out, all of it described by one table of routes."""
