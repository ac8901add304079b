"""Vendor webhooks: what a source is, how its signature is checked, and how its body becomes event envelopes.

`door` answers HTTP; the other modules serve the pages and the command line, too, and may not know them.
"""
