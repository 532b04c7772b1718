"""What runs the services: the embedded stack, its development issuer and its mail sink."""
