"""The library: sets of tasks that belong to a teacher's key, and outlive classes."""
