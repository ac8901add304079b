"""Sending messages by SMTP and webhook, each with limits of time and size.

The content of messages is written elsewhere.
"""
