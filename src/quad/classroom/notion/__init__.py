"""Tasks that are read from public Notion pages."""
