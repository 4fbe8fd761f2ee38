"""One simulated Kubernetes API server: object store, rules of the API, and the answers in its wire format."""
