"""What can go wrong when something is handed over, by what is to be done about it. Every courier speaks in these."""

from __future__ import annotations


class Unsendable(Exception):  # noqa: N818 - these are named as core.errors names its own: by what happened
    """It will never be taken as it is: an address that does not exist, a message that breaks Slack's limits.

    `code` is the mail server's reply code, Notify's status or Slack's error, for the trail.
    """

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class NotNow(Exception):  # noqa: N818
    """Not this one, not now: a full mailbox, a greylisted address. Others may go. Try again later.

    `retry_after` is in how many seconds, where the courier knows better than the delivery's own waits. `tried` is False
    where nothing was handed over: then this counts as no attempt, and leaves no doubt.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, tried: bool = True) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.tried = tried


class Away(Exception):  # noqa: N818
    """The service is away, limits us, or did not say whether it took it: others would fare the same. Try again later.

    `retry_after` is the number of seconds that the service asked us to wait, where it did.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Limited(Away):
    """The service was asked too often, took nothing, and says when it may be asked again: `retry_after`."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason, retry_after)
        self.seconds = retry_after


class Misconfigured(Exception):  # noqa: N818
    """The service will not deal with us as we are set up. The office can put it right; nothing is lost meanwhile."""
