"""Topic `webhooks`: what came from outside, verified, as it came. Written by api."""

from datetime import datetime
from uuid import UUID

from common.events.base import Event, topic
from common.ids import derived_id

TOPIC = topic("webhooks", writer="api", kind="happened", retention_days=14, personal=True)


class WebhookAccepted(Event):
    """A verified raw body: `booking` is read by ingest, `gatewayapi` by notifier."""

    name = "webhook.accepted.v1"
    topic = TOPIC
    source: str
    delivery_id: str
    body: str
    at: datetime

    def key(self) -> UUID:
        return derived_id(self.source, self.delivery_id)
