"""The tables as SQLModel classes, and the migrations that bring a database to them. No queries."""
