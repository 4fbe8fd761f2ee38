"""`python -m otetui` is `otetui`."""

from otetui.cli import main

main()
