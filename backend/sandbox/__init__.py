"""Simulated clusters, served on loopback for the demo, training and tests."""
