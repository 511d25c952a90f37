"""Ways into a room and out of it, and who may come in."""
