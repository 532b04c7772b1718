"""Every statement the rating service sends to its database, one module per noun."""
