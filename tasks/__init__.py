"""The steps of the processes: one transaction each, no rules."""
