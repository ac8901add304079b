"""Authentication and audit: accounts, API keys, the audit log. Secrets are stored as digests."""
