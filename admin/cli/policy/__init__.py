"""Commands about the policy: lint, import, export, publish, compare, simulate.

Bad input is refused as a whole, and every problem is printed. May not sign: the command line acts as the operator.
"""
