"""Commands about people and keys: roster, users, API keys, webhooks. A secret is printed once, alone on stdout."""
