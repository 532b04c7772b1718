"""What the rating service can do, one module per noun. The caller's edge commits."""
