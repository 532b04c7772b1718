"""The development OIDC issuer: a role is a client id, the secret is `dev`."""
