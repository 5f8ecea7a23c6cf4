"""The journal, the waits and the runs: the only Prefect in plr."""
