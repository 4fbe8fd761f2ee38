"""Durable work per cluster: queue and worker."""
