"""``python -m reprosep.cli``."""

from reprosep.cli.command import main

main()
