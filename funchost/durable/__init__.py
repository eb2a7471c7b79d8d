"""The engine's rules as pure functions over plain data; it knows no disk, clock or process."""
