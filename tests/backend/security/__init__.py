"""Tests of passwords, tokens, roles and the secret box."""
