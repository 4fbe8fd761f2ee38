"""The whole program in a real terminal, from a log-in to the last key."""
