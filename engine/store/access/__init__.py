"""Who may come in and what they did: accounts, API keys, the audit log. Secrets are stored as digests."""
