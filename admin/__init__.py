"""Who may see and change it: HTTP API, web admin and command line.

It reads and writes through `engine` and `workers`. May not decide anything about leads.
"""
