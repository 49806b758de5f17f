"""Tests of device mappings."""
