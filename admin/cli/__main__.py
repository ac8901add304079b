"""`python -m admin.cli`: the command as `baton up` starts its own programs."""

from admin.cli import main

main()
