"""Measures of funchost and the demo. For development only: neither the app nor the host imports this."""
