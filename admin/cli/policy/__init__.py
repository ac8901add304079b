"""Commands about the policy: lint, import, export, publish, compare, simulate.

Bad input is refused whole, with every problem printed.
"""
