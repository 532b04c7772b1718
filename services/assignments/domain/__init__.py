"""What the assignments service decides, one module per noun; nothing here does I/O."""
