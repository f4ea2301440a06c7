"""Wiring: the only module that reads settings or builds clients."""

from collections.abc import Sequence

from common.errands import Errand
from common.events.messages import (
    ContactWithdrawn,
    LinkClicked,
    MessageAccepted,
    MessageBounced,
    MessageDelivered,
    MessageOpened,
    MessageRefused,
    MessageUnknown,
)
from common.service import Runtime, Service
from common.web import SMS_CALLBACKS
from notifier import routes
from notifier.bouncing import Bounces
from notifier.claiming import Ways
from notifier.clients.gatewayapi import GatewayApi
from notifier.clients.smtp import Server, SmtpMailer
from notifier.errands import Send
from notifier.handlers import handlers
from notifier.settings import Settings


def build_errands(runtime: Runtime) -> Sequence[Errand]:
    settings = runtime.settings
    assert isinstance(settings, Settings)
    mailer = SmtpMailer(
        Server(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            tls=settings.smtp_tls,
            timeout=settings.smtp_timeout,
            bounces_to=settings.bounce_address,
        )
    )
    texter = GatewayApi(
        settings.gatewayapi_url, settings.gatewayapi_token.get_secret_value(), timeout=settings.gatewayapi_timeout
    )
    ways = Ways(
        public_url=settings.public_url.rstrip("/"),
        notifier_url=settings.notifier_url.rstrip("/"),
        alert_from=settings.alert_from,
        sms_callback_base=(settings.sms_callback_base or f"{settings.public_url.rstrip('/')}/webhooks/gatewayapi").rstrip("/"),
        sms_callback_secret=settings.derived(SMS_CALLBACKS),
    )
    send = Send(
        runtime,
        mailer=mailer,
        texter=texter,
        ways=ways,
        at_once=settings.send_at_once,
        per_second=settings.send_per_second,
    )
    return (send, Bounces(runtime, settings)) if settings.bounce_imap_url else (send,)


service = Service(
    name="notifier",
    migrations="notifier:migrations",
    handlers=handlers,
    publishes=(
        ContactWithdrawn,
        LinkClicked,
        MessageAccepted,
        MessageBounced,
        MessageDelivered,
        MessageOpened,
        MessageRefused,
        MessageUnknown,
    ),
    errands=build_errands,
    router=routes.build,
    settings=Settings,
)
