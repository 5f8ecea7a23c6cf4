"""The records: SQLAlchemy models, sessions and migrations."""
