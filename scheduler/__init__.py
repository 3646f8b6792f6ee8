"""The timetable, and delivery: an outbox message becomes a Slack post or an e-mail. Knows no web form."""
