"""How a meeting lives, what a protocol may say, and the hash that seals it.

Pure decisions: callers bring the state and the clock. A meeting is scheduled and then held or
cancelled, once; a protocol is a draft until it is approved, and nothing changes it afterwards.
"""
