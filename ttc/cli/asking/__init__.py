"""What is asked of `ttc solve`: its argument, a file, and what is piped into it."""
