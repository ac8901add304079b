"""Pure decisions: values and ``now`` in, values with reasons out. No SQL, no matcher library, no clock.

Packages import only to the left: lead, calendar, notify, scoring, assignment, qualification, sla, then the modules of
this folder (needs, outcome, consequences, decide, explain, outgoing), then reports and simulation.
"""
