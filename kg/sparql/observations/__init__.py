"""SPARQL over readings in columns: each observation pattern becomes the smallest equivalent inline table."""
