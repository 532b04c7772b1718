"""Every statement the assignments service sends to its database, one module per noun."""
