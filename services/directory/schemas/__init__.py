"""What clients of the directory send and get. Never a table."""
