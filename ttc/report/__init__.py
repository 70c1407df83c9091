"""What people see: tables, plots and the progress line."""
