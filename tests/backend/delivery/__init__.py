"""Tests of the work queue and its worker."""
