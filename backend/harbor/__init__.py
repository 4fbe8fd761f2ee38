"""The Harbor v2 client."""
