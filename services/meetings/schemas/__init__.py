"""What clients send and get. Never a table."""
