"""Stories in a real terminal: keys in, screen text out."""
