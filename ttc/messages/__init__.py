"""What people read on a terminal: lines said once, keys masked, control characters shown."""
