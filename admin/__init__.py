"""Who may see and change it: web admin, HTTP API and command line."""
