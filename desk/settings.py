"""Settings, from the environment (prefix `AWARD_DESK_`) and `.env`. A wrong one stops the start with one line."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core.clamd import Clamd
from core.field_cipher import new_key, read_keys
from scheduler.endpoints import Endpoint, endpoint_from
from scheduler.mail import address
from scheduler.notify import KEY, TEMPLATE
from scheduler.notify import URL as NOTIFY_URL

PREFIX = "AWARD_DESK_"
FOR_TESTS = f"{PREFIX}TEST_"
"""How what only the tests read begins."""

PORT = 8000
"""Where the desk listens unless it is told otherwise."""

LONGEST_NAME = 60
"""Characters of an API key's name: the record keeps it with what came in by the key."""

SHORTEST_SECRET = 16
"""Characters of a secret key that nobody guesses."""

FIELD_KEYS_FILE = "field-keys"
"""Where `up` keeps the keys of encrypted fields, in the data folder, as the setting writes them."""


class SettingsError(Exception):
    """A setting is missing or wrong; the text is one line that names it and says how to put it right."""


@dataclass(frozen=True)
class ApiKeySetting:
    """One API key: who holds it, the key, and whether they are staff."""

    name: str
    key: str
    staff: bool


class Settings(BaseSettings):
    """Every setting that the desk reads. README has the list for people."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", env_ignore_empty=True)

    database_url: str = ""
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    public_url: str = ""
    secret_key: str = ""
    field_keys: str = Field(default="", repr=False)
    policy: Path | None = None
    practice: bool | None = None
    slack_bot_token: str = ""
    slack_signing_secret: str = ""
    slack_app_token: str = ""
    slack_client_id: str = ""
    slack_client_secret: str = ""
    slack_api_url: str = "https://slack.com/api/"
    slack_approvals_channel: str = ""
    slack_deadlines_channel: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    notify_api_key: str = ""
    notify_url: str = NOTIFY_URL
    notify_template_id: str = ""
    notify_callback_token: str = ""
    api_keys: str = Field(default="")
    webhooks: str = ""
    clamd: str = ""
    documents_url: str = ""

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return value
        try:
            backend = make_url(value).drivername
        except ArgumentError:
            backend = ""
        if backend not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
            raise ValueError("give sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/name")
        return value

    @field_validator("practice", mode="before")
    @classmethod
    def _practise(cls, value: str | None) -> bool | None:
        found = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        try:
            return None if value is None else found[str(value).strip().lower()]
        except KeyError:
            raise ValueError("give 1 or 0") from None

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("give the whole address that people use, such as https://grants.example.org")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _secret(cls, value: str) -> str:
        if value and len(value) < SHORTEST_SECRET:
            raise ValueError(f"give at least {SHORTEST_SECRET} random characters")
        return value

    @field_validator("field_keys")
    @classmethod
    def _fields(cls, value: str) -> str:
        read_keys(value)
        return value

    @field_validator("policy")
    @classmethod
    def _policy(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}; give the path of the office's policy file")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _slack_api(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https") or not value.endswith("/api/"):
            raise ValueError("give an address that ends in /api/, or leave it out to use Slack's own")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            fine = not value or (parts.scheme in ("smtp", "smtps") and parts.hostname and (parts.port or True))
        except ValueError:
            fine = False
        if not fine:
            raise ValueError("give smtp://user:password@host:port, or smtps://…")
        return value

    @field_validator("notify_api_key")
    @classmethod
    def _notify_key(cls, value: str) -> str:
        if value and KEY.fullmatch(value) is None:
            raise ValueError("give the whole API key as Notify showed it: a name and two ids, joined by hyphens")
        return value

    @field_validator("notify_url")
    @classmethod
    def _notify_address(cls, value: str) -> str:
        if not _safe_address(value):
            raise ValueError("give an https address, or leave it out to use GOV.UK Notify itself")
        return value

    @field_validator("notify_template_id")
    @classmethod
    def _notify_template(cls, value: str) -> str:
        if value and TEMPLATE.fullmatch(value) is None:
            raise ValueError("give the template's id, which Notify shows on the template's page")
        return value

    @field_validator("notify_callback_token")
    @classmethod
    def _notify_token(cls, value: str) -> str:
        if value and (len(value) < SHORTEST_SECRET or not value.isascii() or not value.isprintable()):
            raise ValueError(f"give at least {SHORTEST_SECRET} random letters and digits")
        return value

    @field_validator("mail_from")
    @classmethod
    def _from(cls, value: str) -> str:
        if value:
            try:
                address(value)
            except ValueError:
                raise ValueError("give the address that mail comes from, such as grants@example.org") from None
        return value

    @field_validator("clamd")
    @classmethod
    def _scanner(cls, value: str) -> str:
        if value:
            Clamd(value)
        return value

    @field_validator("api_keys")
    @classmethod
    def _keys(cls, value: str) -> str:
        _read_keys(value)
        return value

    @field_validator("webhooks")
    @classmethod
    def _webhooks(cls, value: str) -> str:
        _read_endpoints(value)
        return value

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where changes are told."""
        return _read_endpoints(self.webhooks)

    def holders(self) -> tuple[ApiKeySetting, ...]:
        """The API keys."""
        return _read_keys(self.api_keys)


def _safe_address(value: str) -> bool:
    """Whether what is sent there stays between the two: https, or this computer."""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host or "")))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_keys(value: str) -> tuple[ApiKeySetting, ...]:
    keys = []
    for entry in (part.strip() for part in value.split(",")):
        if not entry:
            continue
        name, _, rest = entry.partition(":")
        key, _, staff = rest.partition(":")
        if not (name and key) or staff not in ("", "staff") or len(name) > LONGEST_NAME:
            raise ValueError("give name:key or name:key:staff, separated by commas, with short names")
        keys.append(ApiKeySetting(name, key, staff == "staff"))
    if len({key.key for key in keys}) != len(keys):
        raise ValueError("two entries have the same key; give each its own")
    return tuple(keys)


def _read_endpoints(value: str) -> tuple[Endpoint, ...]:
    try:
        found = tuple(endpoint_from(entry) for entry in value.split(",") if entry.strip())
    except ValueError as error:
        raise ValueError(
            f"give an address and a secret with a blank between, pairs separated by commas: {error}"
        ) from None
    if len({endpoint.url for endpoint in found}) != len(found):
        raise ValueError("two entries have the same address; give each once")
    return found


@dataclass(frozen=True)
class Chosen:
    """Settings, completed for the process that runs: nothing is left to guess."""

    raw: Settings
    practice: bool
    database_url: str
    data_dir: Path
    public_url: str
    secret_key: str
    field_keys: Mapping[str, bytes] = field(repr=False)
    practice_slack: bool
    practice_mail: bool

    @property
    def slack(self) -> bool:
        """Whether there is a real Slack to talk to."""
        return bool(self.raw.slack_bot_token)


def read() -> Settings:
    """Read the settings. Raises SettingsError with one line."""
    _check_names()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        why = str(first.get("ctx", {}).get("error", first["msg"]))
        raise SettingsError(f"{name} is wrong: {why}.") from None


def _check_names() -> None:
    """Raise SettingsError for a name that begins as settings do and is none: it was mistyped, and would do nothing."""
    known = [name.upper() for name in Settings.model_fields]
    given = [*os.environ, *dotenv_values(".env")]
    for name in (one.upper() for one in given):
        wanted = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and wanted not in known and not name.startswith(FOR_TESTS):
            like = get_close_matches(wanted, known, 1)
            meant = f"is it {PREFIX}{like[0]}?" if like else "README lists them all."
            raise SettingsError(f"{name} is no setting: {meant}")


PRACTICE_NOTE = "practice-office"
"""Left in the data folder by `up` when practice is on: for the other commands practice is on there only."""

ADDRESS_NOTE = "address"
"""Where `up` leaves the address it listens on, in the data folder: the links that other commands mail lead there."""


def choose(settings: Settings, *, production: bool, host: str = "", port: int = PORT) -> Chosen:
    """Complete the settings for `up`, or for a production process. Raises SettingsError with one line.

    Without `host` it is for a command that serves nothing: links lead to where `up` last listened, and practice is on
    where `up` set a practice office up, unless a setting says otherwise.
    """
    practice = settings.practice
    if practice is None:
        practice = not production if host else (settings.data_dir / PRACTICE_NOTE).exists()
    if settings.slack_bot_token:
        _need(settings, "slack_approvals_channel", "the id of the channel where awards are decided")
        _need(settings, "slack_deadlines_channel", "the id of the channel that hears of deadlines")
        if not settings.slack_app_token:
            _need(settings, "slack_signing_secret", "it is on the Slack app's page under Basic Information")
    if settings.slack_client_id or settings.slack_client_secret:
        _need(settings, "slack_client_id", "staff sign in with it and its secret; leave both out to do without")
        _need(settings, "slack_client_secret", "it is on the Slack app's page under Basic Information")
    _check_notify(settings)
    if not practice and not all(_safe_address(endpoint.url) for endpoint in settings.endpoints()):
        raise SettingsError(f"{PREFIX}WEBHOOKS is wrong: outside practice every address must be one of https.")
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}DATA_DIR is wrong: {settings.data_dir} cannot be made ({error.strerror})."
        ) from None
    secret = settings.secret_key
    if not secret:
        if production:
            _need(settings, "secret_key", "give the same long random text to every process")
        secret = _kept(settings.data_dir, "secret-key", lambda: secrets.token_urlsafe(48))
    keys = settings.field_keys
    if not keys:
        if production:
            _need(settings, "field_keys", "run 'award-desk keys make NAME', and give what it prints to every process")
        keys = _kept(settings.data_dir, FIELD_KEYS_FILE, lambda: f"first:{new_key()}")
    return Chosen(
        raw=settings,
        practice=practice,
        database_url=settings.database_url or f"sqlite:///{settings.data_dir / 'award-desk.db'}",
        data_dir=settings.data_dir,
        public_url=settings.public_url or _listening(settings, host, port),
        secret_key=secret,
        field_keys=_kept_keys(settings, keys),
        practice_slack=practice and not settings.slack_bot_token,
        practice_mail=practice and not settings.smtp_url and not settings.notify_api_key,
    )


def _check_notify(settings: Settings) -> None:
    if settings.notify_api_key and settings.smtp_url:
        raise SettingsError(
            f"{PREFIX}SMTP_URL and {PREFIX}NOTIFY_API_KEY are both set: mail goes one way only, so take one out."
        )
    if settings.notify_api_key:
        _need(settings, "notify_template_id", "Notify shows it on the template's page; README says how to make one")
    elif settings.notify_template_id:
        _need(settings, "notify_api_key", "make one in Notify under API integration, or take the template's id out")


def _listening(settings: Settings, host: str, port: int) -> str:
    if not host:
        try:
            return (settings.data_dir / ADDRESS_NOTE).read_text().strip()
        except OSError:
            host = settings.host
    return f"http://{reachable(host)}:{port}"


def _need(settings: Settings, name: str, what: str) -> None:
    if not getattr(settings, name):
        raise SettingsError(f"{PREFIX}{name.upper()} is missing: {what}.")


def reachable(host: str) -> str:
    """The address a person can open: a server that listens everywhere is reached on this computer."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _kept_keys(settings: Settings, keys: str) -> dict[str, bytes]:
    """The keys that fields are encrypted with. Raises SettingsError for a file of them that cannot be read."""
    try:
        return read_keys(keys)
    except ValueError as error:
        raise SettingsError(f"{settings.data_dir / FIELD_KEYS_FILE} is wrong: {error}.") from None


def _kept(data_dir: Path, name: str, make: Callable[[], str]) -> str:
    """A secret of this data folder, made the first time and kept, readable by its owner only."""
    path = data_dir / name
    try:
        if not path.exists():
            made = path.with_name(f"{name}.{os.getpid()}")
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(make())
            made.replace(path)
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR is wrong: {data_dir} cannot be written to ({error.strerror}).") from None
