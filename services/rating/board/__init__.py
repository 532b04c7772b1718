"""The live board: current standings in memory as ready bytes, and everyone who watches them.

`live` holds them, `keeping` loads and renews them, `serving` gives them out. Requests touch no
database.
"""
