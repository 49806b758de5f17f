"""The documentation site of the ontology, made from its files: pages, diagrams, search, all static."""
