"""All SQL of Baton: connections, locks, tables, and one package per kind of row. Nothing here decides."""
