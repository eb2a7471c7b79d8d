"""The protocol of azure-functions-durable 1.x: histories and answers travel as JSON."""
