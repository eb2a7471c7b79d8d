"""The file of a task hub: its schema, its statements, and the threads that write and read it."""
