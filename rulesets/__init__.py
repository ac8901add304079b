"""What a policy says: its parts, conditions, text, lint and compiled form.

No I/O and no clock; nothing here imports another layer.
"""
