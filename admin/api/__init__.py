"""The HTTP API: routes, keys, bodies, OpenAPI. May not import pages or commands."""
