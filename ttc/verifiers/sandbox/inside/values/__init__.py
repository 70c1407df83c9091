"""Values that cross between two processes without trust, as JSON in frames; no pickle."""
