"""Who a lead is and what is known of it: identity, facts, history, state, and the people around it.

Imports no other package of the core.
"""
