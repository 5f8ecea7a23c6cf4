"""The Practice Learning Review Group's workflow engine: rules, records and edges."""
