"""Sources of vendor webhooks and their quarantine, as rows. Nothing here knows what a signature or a mapping is."""
