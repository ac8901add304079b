"""Converters from CSV exports to lead events, each with a policy that scores them. Baton imports none of them."""
