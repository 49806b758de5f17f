"""The HTTP service: routers, access and problems; no logic and no SPARQL of its own."""
