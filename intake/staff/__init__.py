"""The staff pages at `/desk`: what waits for the office, and what is done about it outside Slack.

Nobody recommends, approves or declines here: that is done on an application's card in Slack. Every page but those of
signing in is behind the gate of `intake.staff.session`.
"""
