"""The tables as SQLModel classes, one file per subject, and the migrations that create them. No queries."""
