"""SPARQL: the gate before users' queries, and the stored queries."""
