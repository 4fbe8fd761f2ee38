"""The platform: knows nothing of terminals."""
