"""Virtual time: the order in which things happen, the people of a simulation, and test cases of a policy.

Imports the whole core and is imported by none of it.
"""
