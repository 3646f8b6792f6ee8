"""Webhooks out: signed as the scheme's own library checks it, told in order, neither held up nor led astray."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug.serving import make_server

from core import applications, awards, more_time, outbox, people, returns, webhooks
from core.records import Deadline, OutboxMessage
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.policy import Role
from core.rules.questions import ReturnFacts
from scheduler.delivery import Delivery
from scheduler.endpoints import Endpoint, endpoint_from
from scheduler.timetable import run_sweep
from scheduler.webhook_courier import GIVE_UP, WebhookCourier, is_public
from tests.scheduler.notify_server import QuietHandler
from tests.scheduler.practice_desk import PUBLIC_URL, Desk

HTTPS = "https://"
SECRET = base64.b64encode(b"a secret of thirty-two bytes, oh").decode()


class Receiver:
    """Another system: it keeps what it is sent and answers what it is told to. `taken` is what it answered with 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[dict[str, Any]] = []
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def endpoint(self, host: str = "127.0.0.1") -> Endpoint:
        return endpoint_from(f"http://{host}:{self._server.server_port}/hook?k=1 whsec_{SECRET}")

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        names = ("id", "timestamp", "signature")
        self.got.append(({f"webhook-{name}": environ[f"HTTP_WEBHOOK_{name.upper()}"] for name in names}, body))
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.append(json.loads(body))
        start_response(f"{status} Said", [("Location", "http://127.0.0.1:9/elsewhere")])
        return [b""]

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.taken]


class Dripping:
    """A server that answers a request with one byte every tenth of a second, over and over, and never finishes."""

    def __init__(self, drips: bytes) -> None:
        self.dripped = 0
        self._drips = drips
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with suppress(OSError):
            connected, _ = self._listening.accept()
            with connected:
                for number in itertools.count():
                    if self._ended.wait(0.1):
                        return
                    connected.sendall(self._drips[number % len(self._drips) :][:1])
                    self.dripped += 1

    def __enter__(self) -> Dripping:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def delivery(desk: Desk, *endpoints: Endpoint, timeout: float = 30) -> Delivery:
    return Delivery(desk.office, WebhookCourier(desk.office, endpoints, timeout=timeout))


def follow(desk: Desk, *endpoints: Endpoint) -> None:
    webhooks.follow(desk.office.sessions, [endpoint.id for endpoint in endpoints])


def waiting(desk: Desk) -> list[OutboxMessage]:
    return [message for message in desk.open_messages() if message.channel == "webhook"]


def test_a_whole_story_is_told_in_order_and_signed(desk: Desk, receiver: Receiver) -> None:
    follow(desk, receiver.endpoint())
    award = desk.active()
    due = desk.returns_due(award)[0]
    facts = ReturnFacts(narrative="It went well.", people=3, spent=100, achieved=("12",), views="", answers={})
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        returns.receive(session, found, due, facts, source="recipient", now=desk.clock())
    delivery(desk, receiver.endpoint()).deliver_all()
    assert receiver.types == [
        "application.submitted",
        "application.approved",
        "award.offered",
        "award.accepted",
        "award.return_received",
    ]
    with time_machine.travel(desk.clock(), tick=False):
        for headers, body in receiver.got:
            told = Webhook(f"whsec_{SECRET}").verify(body, headers)
            assert told["id"] == headers["webhook-id"]
            with pytest.raises(WebhookVerificationError):
                Webhook(f"whsec_{SECRET}").verify(body.replace(b"a", b"b"), headers)
    first, accepted, last = receiver.taken[0], receiver.taken[3], receiver.taken[4]
    assert first["data"] == {
        "reference": award.reference,
        "status": "submitted",
        "url": f"{PUBLIC_URL}/api/v1/applications/{award.reference}",
    }
    assert accepted["data"]["url"] == f"{PUBLIC_URL}/api/v1/awards/{award.reference}"
    assert last["data"]["due"] == due.isoformat()
    assert all(one["timestamp"] == desk.clock().isoformat() for one in receiver.taken)
    everything = b"".join(body for _, body in receiver.got).decode()
    for personal in ("Ada", "riverside", "Gloves", "Riverside", "2000", "PE1"):
        assert personal not in everything
    assert not waiting(desk)


@pytest.mark.one_database
@pytest.mark.parametrize("how", ["withdrawn", "declined", "refused", "expired"])
def test_how_it_may_end_is_told(desk: Desk, receiver: Receiver, how: str) -> None:
    follow(desk, receiver.endpoint())
    application = desk.submit()
    if how == "withdrawn":
        with desk.office.sessions.begin() as session:
            applications.withdraw(
                session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
            )
    elif how == "declined":
        desk.recommend(application, "decline")
        desk.decide(application, "declined")
    else:
        desk.recommend(application)
        desk.decide(application)
        with desk.office.sessions.begin() as session:
            award = applications.by_id(session, application.id).award
            assert award is not None
            if how == "refused":
                awards.refuse(session, award, name="Ada", now=desk.clock())
        if how == "expired":
            desk.clock.set_day(award.accept_by + timedelta(days=1))
            run_sweep(desk.office)
    delivery(desk, receiver.endpoint()).deliver_all()
    assert receiver.types[-1].endswith(f".{how}")
    assert receiver.taken[-1]["data"]["status"] == how
    assert not [one for one in receiver.types if "recommend" in one]


def test_more_time_is_told_with_the_new_day(desk: Desk, receiver: Receiver) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    follow(desk, receiver.endpoint())
    with desk.office.sessions.begin() as session:
        deadline = session.scalars(select(Deadline).where(Deadline.award_id == award.id, Deadline.due == due)).one()
        until, now = due + timedelta(days=7), desk.clock()
        found = awards.by_id(session, award.id)
        asked = more_time.ask(session, found, deadline, until, "Ill.", office=desk.office, now=now)
        more_time.agree(session, asked.id, people.holders(session, Role.OFFICER)[0], office=desk.office, now=now)
    delivery(desk, receiver.endpoint()).deliver_all()
    assert receiver.types == ["award.return_more_time_agreed"]
    data = receiver.taken[0]["data"]
    assert (data["due"], data["status"]) == (until.isoformat(), "due")


@pytest.mark.one_database
def test_every_state_that_others_may_know_is_told() -> None:
    told = {change.status for change in webhooks.CHANGES.values()}
    internal = {ApplicationState.DRAFT, ApplicationState.RECOMMENDED}
    assert {state.value for state in ApplicationState if state not in internal} <= told
    assert {state.value for state in AwardState} <= told
    assert "recommended" not in told


def test_what_is_not_committed_is_not_told(desk: Desk, receiver: Receiver) -> None:
    follow(desk, receiver.endpoint())
    application = desk.submit()
    with desk.office.sessions() as session:
        applications.withdraw(
            session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
        )
        session.rollback()
    delivery(desk, receiver.endpoint()).deliver_all()
    assert receiver.types == ["application.submitted"]


def test_a_record_with_a_past_of_its_own_tells_nobody(desk: Desk, receiver: Receiver) -> None:
    application = desk.submit()
    follow(desk, receiver.endpoint())
    with desk.office.sessions.begin() as session:
        applications.withdraw(
            session, applications.by_id(session, application.id), office=desk.office, now=desk.clock()
        )
        outbox.withhold(session, now=desk.clock())
    assert not waiting(desk)
    desk.submit()
    assert len(waiting(desk)) == 1


@pytest.mark.parametrize("answer", [500, 503, 429, 404, 302, 307])
def test_what_was_not_taken_is_sent_again_under_the_same_id(desk: Desk, receiver: Receiver, answer: int) -> None:
    follow(desk, receiver.endpoint())
    receiver.answers = [answer, answer]
    desk.submit()
    courier = delivery(desk, receiver.endpoint())
    waits = []
    for _ in range(2):
        assert courier.deliver_all().put_back == 1
        (message,) = waiting(desk)
        waits.append((message.not_before - desk.clock()).total_seconds())
        desk.clock.now = message.not_before
    assert waits == [10, 20]
    assert courier.deliver_all().sent == 1
    assert len(receiver.got) == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({headers["webhook-signature"] for headers, _ in receiver.got}) == 3  # each with its own time


def test_messages_of_one_award_keep_their_order(desk: Desk, receiver: Receiver) -> None:
    follow(desk, receiver.endpoint())
    receiver.answers = [400]  # this one message only: the endpoint itself is well
    desk.offered()
    desk.submit()
    courier = delivery(desk, receiver.endpoint())
    courier.deliver_all()
    assert receiver.types == ["application.submitted"]  # the other award's
    desk.clock.forward(seconds=11)
    courier.deliver_all()
    assert receiver.types[1:] == ["application.submitted", "application.approved", "award.offered"]


def test_a_dead_endpoint_holds_up_nobody_else(desk: Desk, receiver: Receiver) -> None:
    dead = endpoint_from(f"http://127.0.0.1:9/hook whsec_{SECRET}")
    follow(desk, dead, receiver.endpoint())
    desk.offered()
    courier = delivery(desk, dead, receiver.endpoint())
    courier.deliver_all()
    assert receiver.types == ["application.submitted", "application.approved", "award.offered"]
    assert len(waiting(desk)) == 3
    desk.clock.forward(hours=1)
    courier.deliver_all()
    assert len(waiting(desk)) == 3


@pytest.mark.parametrize("drips", [b"H", b"HTTP/1.1 200 OK\r\n" + b"X-Header: a\r\n" * 20])
def test_an_endpoint_that_drips_its_answer_holds_up_nobody_else(desk: Desk, receiver: Receiver, drips: bytes) -> None:
    """Each byte comes in time, and the whole answer never does: the limit is one over all of it."""
    with Dripping(drips) as dripping:
        slow = endpoint_from(f"http://127.0.0.1:{dripping.port}/hook whsec_{SECRET}")
        follow(desk, slow, receiver.endpoint())
        desk.submit()
        began = monotonic()
        delivery(desk, slow, receiver.endpoint(), timeout=1).deliver_all()
        assert monotonic() - began < 15
        assert dripping.dripped > 1
    assert receiver.types == ["application.submitted"]
    assert len(waiting(desk)) == 1


@pytest.mark.parametrize("how", ["too late", "gone", "no longer set"])
def test_what_will_never_be_taken_is_settled(desk: Desk, receiver: Receiver, how: str) -> None:
    follow(desk, receiver.endpoint())
    desk.submit()
    if how == "gone":
        receiver.answers = [410]
    if how == "too late":
        desk.clock.now += GIVE_UP + timedelta(seconds=1)
    delivery(desk, *([] if how == "no longer set" else [receiver.endpoint()])).deliver_all()
    assert not waiting(desk)
    assert receiver.taken == []


@pytest.mark.parametrize("practice", [True, False])
def test_a_private_network_is_closed_outside_practice(desk: Desk, receiver: Receiver, practice: bool) -> None:
    desk.office = replace(desk.office, practice=practice)
    plain, allowed = receiver.endpoint("localhost"), receiver.endpoint()
    allowed = Endpoint(allowed.url, allowed.secret, private=True)
    follow(desk, plain, allowed)
    desk.submit()
    delivery(desk, plain, allowed).deliver_all()
    assert len(receiver.taken) == (2 if practice else 1)
    if not practice:
        (message,) = waiting(desk)
        assert "private network" in (message.error or "")
        assert "k=1" not in (message.error or "")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.3.4", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_the_internets(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.one_database
@pytest.mark.parametrize(
    "wrong",
    [
        "https://hooks.example.org",
        f"hooks.example.org whsec_{SECRET}",
        f"ftp://hooks.example.org whsec_{SECRET}",
        f"https://user.example:password@hooks.example.org whsec_{SECRET}",
        f"https://hooks.example.org/#x whsec_{SECRET}",
        f"https://hooks.example.org {SECRET}",
        "https://hooks.example.org whsec_c2hvcnQ=",
        "https://hooks.example.org whsec_nobase64!",
        f"https://hooks.example.org whsec_{SECRET} public",
        f"https://hooks.example.org:99999 whsec_{SECRET}",
        f"https://hooks.example.org:0 whsec_{SECRET}",
        f"https://hooks.example.org:a whsec_{SECRET}",
        f"https://:password@hooks.example.org whsec_{SECRET}",
        f"https://hooks.example.org/# whsec_{SECRET}",
        f"{HTTPS}hööks.example.org whsec_{SECRET}",
        f"https://hooks.example.org/gemeinschaftsgefühl whsec_{SECRET}",
        f"https://hooks.example.org/a\x7f whsec_{SECRET}",
        f"https://hooks..example.org whsec_{SECRET}",
        f"https://-hooks.example.org whsec_{SECRET}",
        f"https://hooks.example.org\\@a.example whsec_{SECRET}",
        f"{HTTPS}{'o' * 64}.example whsec_{SECRET}",
        f"https://{'hooks.' * 43}example whsec_{SECRET}",
        f"https://%61.example whsec_{SECRET}",
        f"https://[nowhere] whsec_{SECRET}",
        f"https://[fe80::1%eth0] whsec_{SECRET}",
        f"https:///hook whsec_{SECRET}",
        "",
    ],
)
def test_what_is_no_endpoint(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"address|secret|private|[Pp]ort"):
        endpoint_from(wrong)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "address",
    [
        "https://xn--hks-snaa.example.org/a%C3%BC?b=c",
        "http://127.0.0.1:9",
        "https://[2001:db8::1]:8443/x",
        f"{HTTPS}a_b.example.",
    ],
)
def test_what_is_an_endpoint(address: str) -> None:
    assert endpoint_from(f"{address} whsec_{SECRET}").url == address


@pytest.mark.one_database
def test_an_endpoint_keeps_its_secret_to_itself() -> None:
    endpoint = endpoint_from(f"https://hooks.example.org/a  whsec_{SECRET} private")
    assert endpoint.private
    assert "secret of" not in repr(endpoint)
    assert endpoint.id == endpoint_from(f"https://hooks.example.org/a whsec_{SECRET}").id
