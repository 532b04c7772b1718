"""Honest small programs that do the same work, or its least part, in processes of their own."""
