"""The assignments service over HTTP, one module per noun."""
