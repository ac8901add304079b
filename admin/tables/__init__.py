"""Files of tables: bytes of CSV and XLSX in any usual encoding become rows, and rows become such files.

May not know what a table means: the roster, imports and lists do. Cells and formulas are `rulesets.document.tables`'.
"""
