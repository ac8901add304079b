"""The policy document as values, one class per part, and the difference between two policies.

Shapes and simple sums only; what the parts do to a lead is in `engine.core`.
"""
