"""The HTTP API: routes, keys, bodies, OpenAPI. Knows nothing of pages, hooks or commands."""
