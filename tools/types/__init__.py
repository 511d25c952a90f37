"""The types of the wire in TypeScript, generated from the server: ``python -m tools.types``."""
