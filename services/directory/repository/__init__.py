"""Every statement the directory sends to its database."""
