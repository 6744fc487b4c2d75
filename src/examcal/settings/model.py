"""What can be set. Field names are those of the public contract in lower case; every default is stated here once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from examcal.channels.loopback import is_loopback
from examcal.settings.values import (
    ListenAddress,
    UnfitValueError,
    as_database_address,
    as_listen_address,
    as_name,
    as_network,
    as_ping_address,
    as_robot,
    as_seconds,
    as_sender,
    as_web_address,
    is_mail_address,
)
from examcal.texts import DEFAULT_LANGUAGE

Language = Literal["zh-CN", "en"]
KindName = Literal[
    "announcement", "registration", "review", "payment", "ticket", "exam", "score", "certificate", "other"
]
Address = Annotated[ListenAddress, BeforeValidator(as_listen_address)]
Seconds = Annotated[int, BeforeValidator(as_seconds)]
WebAddress = Annotated[str, BeforeValidator(as_web_address)]
Name = Annotated[str, BeforeValidator(as_name)]
_STANDARD_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def _words(value: object) -> object:
    """Split "a, b" as an environment variable writes a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _secret(check: Any) -> BeforeValidator:  # noqa: ANN401 - one of the ``as_…`` functions
    """Return a check that works on the text inside a secret."""
    return BeforeValidator(lambda value: check(value.get_secret_value() if isinstance(value, SecretStr) else value))


class Section(BaseModel):
    """A group of settings; a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Smtp(Section):
    """The mail server. Without ``host`` mail goes to the outbox folder."""

    host: str | None = None
    port: int = Field(default=0, ge=0, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: Annotated[str, BeforeValidator(as_sender)] | None = None
    rate_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    connections: int = Field(default=4, ge=1, le=100)

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.host and not self.from_address:
            raise UnfitValueError("needs SMTP__SENDER, the address that mail comes from")
        if self.username and self.password is None:
            raise UnfitValueError("SMTP__USERNAME is set, but SMTP__PASSWORD (or SMTP__PASSWORD_FILE) is not")
        return self

    @property
    def from_address(self) -> str | None:
        """The sender; the user name where it is an address and no sender is set."""
        return self.sender or (self.username if self.username and is_mail_address(self.username) else None)

    @property
    def effective_port(self) -> int:
        """The port; the usual one of the security mode where none is set."""
        return self.port or _STANDARD_PORTS[self.security]


class Privacy(Section):
    """Who handles the addresses of people who ask for mail (PIPL article 17). Without it nobody can subscribe."""

    name: str | None = Field(default=None, max_length=200)
    contact: str | None = Field(default=None, max_length=200)
    key: SecretStr | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if bool(self.name) != bool(self.contact):
            raise UnfitValueError("needs both PRIVACY__NAME and PRIVACY__CONTACT: who handles addresses, how to ask")
        return self


class Application(Section):
    """A WeCom application (自建应用)."""

    corp_id: str = Field(min_length=1)
    agent_id: int = Field(ge=0)
    secret: SecretStr


class Wecom(Section):
    """Robots and applications of WeCom, by name (lower case)."""

    base_url: WebAddress = "https://qyapi.weixin.qq.com"
    robots: dict[Name, Annotated[SecretStr, _secret(as_robot)]] = {}
    apps: dict[Name, Application] = {}


class Audience(Section):
    """A configured group: one channel, its addresses, and which milestones concern it; empty lists mean all."""

    name: str = Field(min_length=1, max_length=200)
    channel: str
    to: tuple[str, ...] = ()
    exams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    kinds: tuple[KindName, ...] = ()
    mention: tuple[str, ...] = ()
    language: Language = DEFAULT_LANGUAGE  # type: ignore[assignment]  # the default language is one of the two

    @field_validator("channel")
    @classmethod
    def _known_form(cls, value: str) -> str:
        kind, colon, name = value.strip().partition(":")
        if kind in {"email", "outbox"} and not colon:
            return kind
        if kind in {"wecom", "wecom-app", "apprise"} and name:
            return f"{kind}:{as_name(name)}"
        raise UnfitValueError(
            '"{value}" is not a channel; write email, outbox, wecom:NAME, wecom-app:NAME or apprise:NAME',
            value=value[:80],
        )

    @model_validator(mode="after")
    def _addresses_fit(self) -> Self:
        if self.channel == "email":
            wrong = next((position for position, to in enumerate(self.to, 1) if not is_mail_address(to)), None)
            if wrong:
                raise UnfitValueError("entry {position} of its addresses is not an e-mail address", position=wrong)
        if self.channel.partition(":")[0] in {"email", "wecom-app"} and not self.to:
            raise UnfitValueError('needs "to": the addresses (or WeCom user ids) that receive its messages')
        return self


class Settings(BaseSettings):
    """All settings. Paths are relative to the working directory. Frozen: a change needs a restart or a reload."""

    model_config = SettingsConfigDict(
        env_prefix="EXAMCAL_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    schedule: Path = Path("data/schedule.yaml")
    state_dir: Path = Path("var")
    public_dir: Path | None = None
    database_url: Annotated[SecretStr, _secret(as_database_address)] | None = None
    base_url: WebAddress | None = None
    listen: Address = ListenAddress("127.0.0.1", 8000)
    metrics_listen: Address | None = None
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    templates_dir: Path | None = None
    heartbeat_url: Annotated[SecretStr, _secret(as_ping_address)] | None = None
    heartbeat_every: Seconds = 60
    admins: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    language: Language = DEFAULT_LANGUAGE  # type: ignore[assignment]  # the default language is one of the two
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    change_debounce: Seconds = 600
    blast_limit: int = Field(default=2000, ge=1)
    shrink_grace: Seconds = 600
    past_days: int | None = Field(default=None, ge=0)
    future_days: int | None = Field(default=None, ge=1)
    weekly_summary: bool = True
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    smtp: Smtp = Smtp()
    privacy: Privacy = Privacy()
    wecom: Wecom = Wecom()
    apprise: dict[Name, SecretStr] = {}
    audiences: tuple[Audience, ...] = ()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``read_settings`` gathered: it knows the place of every value, which the stock sources forget."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("admins")
    @classmethod
    def _reachable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for position, admin in enumerate(value, 1):
            if not is_mail_address(admin) and not admin.lower().startswith("wecom:"):
                raise UnfitValueError(
                    "entry {position} is neither an e-mail address nor wecom:NAME of a robot", position=position
                )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for position, address in enumerate(value, 1):
            as_network(address, position)
        return value

    @property
    def takes_subscribers(self) -> bool:
        """Whether people can subscribe by e-mail: there is a way to write to them, and they are told by whom."""
        return bool(self.smtp.host and self.privacy.name and self.privacy.contact)

    @property
    def database(self) -> str:
        """The ledger's address (never show it); ``examcal.db`` in the state directory where none is set."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.state_dir}/examcal.db"

    @property
    def published(self) -> Path:
        """The folder with the current edition; ``public`` in the state directory where none is set."""
        return self.public_dir or self.state_dir / "public"

    @property
    def outbox(self) -> Path:
        """The folder that receives what has no other way out."""
        return self.state_dir / "outbox"

    @property
    def site_address(self) -> str:
        """The public address of pages and feeds; the listen address where ``base_url`` is not set."""
        if self.base_url:
            return self.base_url
        host = "127.0.0.1" if self.listen.host in {"0.0.0.0", "::"} else self.listen.host  # noqa: S104 - compared only
        return f"http://{ListenAddress(host, self.listen.port)}"

    @property
    def address_for_others(self) -> str:
        """The public address as messages may name it; empty where it leads people to their own machine."""
        address = self.site_address
        return "" if is_loopback(urlsplit(address).hostname or "") else address

    def secrets(self) -> Iterator[str]:
        """Yield every secret text, for filters that keep them out of logs. Never show these."""
        yield from _secrets_in(self)

    def people(self) -> Iterator[str]:
        """Yield every configured address and user id, for the same filters."""
        for audience in self.audiences:
            yield from (to for to in (*audience.to, *audience.mention) if to != "@all")
        yield from (admin for admin in self.admins if "@" in admin)
        if self.smtp.username:
            yield self.smtp.username


def _secrets_in(part: object) -> Iterator[str]:
    if isinstance(part, SecretStr):
        yield part.get_secret_value()
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _secrets_in(getattr(part, name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from _secrets_in(value)
