"""Sentences about a policy document: findings, places, conditions and changes.

It translates the templates of `rulesets.document.wording`. May not check a document.
"""
