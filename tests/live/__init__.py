"""Tests against real Kubernetes control planes."""
