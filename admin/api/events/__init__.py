"""The doors through which events arrive: `/v1/events` and the Segment calls.

They check, store and answer; nothing is decided here.
"""
