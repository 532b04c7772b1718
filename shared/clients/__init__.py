"""Service to service: one typed client per callee, with a service token and time-outs."""
