"""The composition root: settings, the command line, and the processes that put the rooms together."""
