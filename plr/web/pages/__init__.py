"""The handlers: each reads a request, calls operations in one transaction, and shows a page."""
