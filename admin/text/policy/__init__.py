"""What is said of a policy document: findings, places, conditions and changes as sentences.

English templates are in `rulesets.document.wording`; here they are translated.
"""
