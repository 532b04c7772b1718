"""What clients of the assignments service send and get, one module per noun. Never a table."""
