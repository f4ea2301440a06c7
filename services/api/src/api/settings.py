"""What api reads from the environment."""

from pydantic import SecretStr

from common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """Besides what every service has: how callbacks of the SMS provider prove themselves."""

    gatewayapi_callback_secret: SecretStr | None = None  # set at the provider: every callback carries a JWT signed with it
    behind_proxy: bool = False  # True: the client's address is the last one that our own proxy put into X-Forwarded-For
