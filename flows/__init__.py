"""Each file is one process of the group, readable aloud from top to bottom."""
