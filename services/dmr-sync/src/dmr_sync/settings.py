"""What dmr-sync reads from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """Where the Danish registry's files are. Without an address nothing is fetched; files are then read by `autoflows registry read`."""

    data: Path = Path("data")
    dmr_ftp_url: str = ""  # ftp://5.44.137.84/ESStatistikListeModtag/
    dmr_ftp_user: str = ""
    dmr_ftp_password: SecretStr = SecretStr("")
    dmr_folder: Path | None = None  # for the newest file, some 7 GB, and the one that is coming; default: {data}/registry
    dmr_hour: int = Field(default=3, ge=0, le=23)  # in Copenhagen: when it is looked for a newer one
    dmr_stall_seconds: float = Field(default=60.0, gt=0)  # without a byte: the connection is dead
    dmr_tries: int = Field(default=8, ge=1, le=100)  # in one night

    @property
    def folder(self) -> Path:
        """Where files of the registry are kept."""
        return self.dmr_folder or self.data / "registry"
