"""Pages of the administrator and of the reader's own notices: events, keys, users, audit log, webhooks, deliveries.

No policy and no roster.
"""
