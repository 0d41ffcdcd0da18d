"""The three services. They never import one another and meet only on the wire."""
