"""Engine.IO: one client each, over WebSockets or polling."""
