"""`python -m plr.cli`: the same as `plr`."""

from plr.cli import main

main()
