"""Tests of the screens: driven by keys, on a real store."""
