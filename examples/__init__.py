"""Converters from CSV exports to lead events, each with the policy that scores them. No part of Baton imports them."""
