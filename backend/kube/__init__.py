"""Kubernetes: connections, tests of them, inventory, labels and namespaces."""
