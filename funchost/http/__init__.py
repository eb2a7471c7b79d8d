"""The HTTP face of one host instance; it knows no schema, no lease and no episode."""
