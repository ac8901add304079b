"""The vocabulary: which facts a policy may speak of, their types, and how a raw value is read (POLICY.md §1)."""

from enum import StrEnum


class FieldType(StrEnum):
    """Types of facts (R1.2)."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
