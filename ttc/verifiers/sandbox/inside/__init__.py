"""The code that runs inside the sandbox, in its own interpreter; only uses the standard library."""
