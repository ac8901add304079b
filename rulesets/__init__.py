"""What a policy says: its vocabulary, conditions, document, lint and compiled form. No I/O, no clock."""
