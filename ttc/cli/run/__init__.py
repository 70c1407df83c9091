"""The commands' bodies, imported when a command runs."""
