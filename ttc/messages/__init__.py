"""Messages for people: notes printed once, secrets masked, control characters made visible."""
