"""Furniture of the console: widgets that several screens use. None of them knows the platform's rules."""
