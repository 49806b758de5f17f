"""Benchmarks: ``python -m bench`` prints a table and writes JSON; nothing here is a test."""
