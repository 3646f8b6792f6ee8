"""The office's rules and its record. Knows no Flask, no Slack, no APScheduler, no clock and no environment."""
