"""The measurement store: append-only, with who, when and from where, in SQLite or PostgreSQL."""
