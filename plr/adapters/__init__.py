"""The edges: mail, storage, documents, the worker's bell."""
