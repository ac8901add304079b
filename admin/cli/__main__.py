"""`python -m admin.cli`: how `baton up` starts its programs."""

from admin.cli import main

main()
