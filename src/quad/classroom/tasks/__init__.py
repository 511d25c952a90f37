"""Tasks: given out, cleaned up, and what students make of them."""
