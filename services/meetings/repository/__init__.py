"""Every statement the meetings service sends to its database."""
