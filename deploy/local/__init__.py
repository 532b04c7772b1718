"""The embedded stack: every part and service on one machine, without Docker and without root."""
