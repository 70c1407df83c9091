"""Migrations that need a file of their own; `ttc.store.schema` lists all in order."""
