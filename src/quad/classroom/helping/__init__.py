"""Students who call for help, in a fair order."""
