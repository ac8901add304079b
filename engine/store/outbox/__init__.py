"""Outgoing messages: in-app notices, webhooks and mails, one row per cause and recipient. Sending is `workers`."""
