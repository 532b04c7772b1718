"""The rating over HTTP, one module per noun."""
