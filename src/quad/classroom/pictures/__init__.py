"""Pictures of tasks: they belong to a teacher's key, and go with the last class or set."""
