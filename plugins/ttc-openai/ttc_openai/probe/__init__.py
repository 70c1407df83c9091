"""`ttc models probe`: test what a server does."""
