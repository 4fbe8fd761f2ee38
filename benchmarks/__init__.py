"""What the performance claims in the README are measured with: `python -m benchmarks [NAME ...]`."""
