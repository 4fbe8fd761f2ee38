"""Furniture that several screens use."""
