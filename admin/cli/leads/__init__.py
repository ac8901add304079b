"""Commands about leads and their record: explain, report, replay, verify.

Only replay writes, by sending events over HTTP. May not change a lead in any other way.
"""
