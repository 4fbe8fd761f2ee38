"""SQLite: the database, its migrations and each domain's queries."""
