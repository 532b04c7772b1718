"""What the directory can do: load, decide, change, tell. The caller's edge commits."""
