"""Tests of one simulated API server."""
