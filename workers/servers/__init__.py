"""The embedded PostgreSQL and Valkey, and the supervisor behind `baton up`. Knows processes and folders, not leads."""
