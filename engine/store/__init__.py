"""The only place that speaks SQL: connections, locks, tables, and one package per kind of row. Nothing here decides."""
