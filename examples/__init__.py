"""Numbered stories, each a folder with a README whose commands a test and `make demo` run."""
