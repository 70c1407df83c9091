"""What to answer when a command, an option or an argument has a name that ttc does not know."""
