"""How a message leaves: SMTP and webhooks, each with its limits of time and size.

What a message says is written elsewhere.
"""
