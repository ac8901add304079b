"""The policy as text: reads JSON and YAML, writes canonical form and digest, reports structural errors as findings.

Checks of meaning are in `rulesets.lint`, not here.
"""
