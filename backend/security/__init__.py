"""Passwords, tokens, roles and the secret box."""
