"""What the rating decides, one module per noun: pure functions, integers only; no I/O."""
