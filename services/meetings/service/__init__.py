"""What the meetings service can do: load, decide, change, tell. The caller's edge commits."""
