"""Who is there, who owns what, and what crosses between nodes."""
