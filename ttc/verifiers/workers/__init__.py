"""Work on untrusted text, in processes with limits."""
