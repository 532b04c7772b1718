"""The meetings service over HTTP, one module per noun."""
