"""Pages of administration and notifications: events, keys, users, audit log, webhooks, deliveries.

May not edit policy or roster.
"""
