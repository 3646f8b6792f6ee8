"""A small Slack workspace on this computer, to try the desk on and to test the bot against.

It knows nothing of the desk: the bot talks to it over HTTP as it talks to Slack, and cannot tell the two apart.
``server.PracticeSlack`` is the door; ``page.blueprint`` shows it to people; ``block_rules.faults`` checks cards.
"""
