"""The rules, pure: no clock, no input or output, the standard library only."""
