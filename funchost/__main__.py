"""`python -m funchost` is the `funchost` command."""

from funchost.cli import main

main()
