"""What the directory calls things, and what it refuses. Everything is as of a date."""
