"""One condition from text to truth: operators, operands, reading of values, and the reference interpreter.

Nothing here knows the matcher library.
"""
