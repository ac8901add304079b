"""The policy as text: JSON and YAML in, canonical form and digest out, and every structural error as a finding.

Nothing here judges meaning: that is `rulesets.lint`.
"""
