"""Simulation: the order of events in virtual time, the people of a simulation, and test cases of a policy.

May import the whole core; no other package of the core imports it.
"""
