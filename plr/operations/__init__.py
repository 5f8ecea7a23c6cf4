"""What people and processes can do: functions of (session, …, now) in the caller's transaction."""
