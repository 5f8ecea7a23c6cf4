"""The rules of the group: pure functions and tables, standard library only."""
