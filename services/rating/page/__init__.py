"""The rating as pages: complete HTML without JavaScript, kept live by scripts of our own."""
