"""`ttc models probe`: finds out by trial what a server does."""
