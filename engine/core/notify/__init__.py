"""What people are told: effects of a decision, kinds of notices and whom they reach, when a delivery is retried.

May import `lead` and `calendar`.
"""
