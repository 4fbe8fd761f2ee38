"""The platform's rules, a module per domain."""
