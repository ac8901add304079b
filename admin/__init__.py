"""Who may see and change it: HTTP API, web admin and command line.

Decides nothing about leads; asks `engine` and `workers`.
"""
