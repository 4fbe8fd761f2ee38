"""What goes in and comes out of operations, a module per domain."""
