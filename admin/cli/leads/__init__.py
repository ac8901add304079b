"""Commands about leads and their record: explain, report, replay, verify.

They change nothing but what replayed events do.
"""
