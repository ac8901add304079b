"""Compiled rules evaluated by durable_rules, one policy version at a time.

`rete` is the only module that imports the library.
"""
