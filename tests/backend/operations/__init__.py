"""Tests of the platform's rules, through the operation table."""
