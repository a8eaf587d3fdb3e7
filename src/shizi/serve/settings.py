"""Every bound of the server, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from shizi.errors import SettingsError
from shizi.settings import FindSettings, LoadSettings, ReadSettings, Settings


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Bounds of one server. Where it is not said otherwise they hold for each worker process."""

    max_bytes: int = 20 * 1024 * 1024
    """Bytes of one picture file."""
    max_pixels: int = 64_000_000
    """Width times height of one page."""
    max_side: int = 32_000
    """Longest side of one page, pixels."""
    max_pages: int = 50
    """Pages of one file."""
    max_form_bytes: int = 1024 * 1024
    """Bytes of all text fields of a form together."""
    max_form_parts: int = 32
    """Parts of a form: its fields and the picture."""
    max_lexicon_words: int = 10_000
    """Words in the field ``lexicon``."""
    max_beam: int = 32
    """Widest beam."""

    seconds: float = 60.0
    """Time limit of a request from the moment its upload is complete, waiting included."""
    upload_seconds: float = 30.0
    """Time in which a request's body has to arrive."""
    header_seconds: int = 5
    """Time in which a request's header has to arrive, and for which an idle connection is kept."""
    send_seconds: float = 30.0
    """Time that a client may leave an answer unread before it is hung up on."""
    linger_seconds: float = 2.0
    """Time for which the rest of a refused upload is received and thrown away, so that the refusal arrives."""
    linger_bytes: int = 64 * 1024 * 1024
    """Bytes of it at most."""
    stop_seconds: int = 65
    """Time that a worker which is told to stop gives to what it began."""

    running: int = 2
    """Pictures that are read at the same time."""
    waiting: int = 16
    """Pictures that wait for it; more are refused."""
    per_client: int = 12
    """Requests of one address under way at the same time."""
    held_bytes: int = 256 * 1024 * 1024
    """Bytes of uploads in memory: those that arrive, wait and are read."""
    connections: int = 512
    """Open connections."""

    max_requests: int = 20_000
    """Requests after which a worker is replaced by a fresh one (up to a tenth more, by chance); 0: never."""
    max_memory: int = 1536 * 1024 * 1024
    """Resident bytes beyond which a worker is replaced; 0: never."""

    max_corrections: int = 10_000
    """Lines kept in the folder of corrections, all workers together."""
    max_correction_bytes: int = 256 * 1024 * 1024
    """Bytes of their strips, all workers together."""
    corrections_per_request: int = 500
    """Lines corrected in one request."""
    correction_chars: int = 1000
    """Characters of a corrected line."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            least = 0 if name in ("waiting", "max_requests", "max_memory", "linger_seconds", "linger_bytes") else 1e-9
            if not value >= least:
                raise SettingsError(f"serve.{name} is {'a positive number' if least else '0 or more'}, not {value!r}")
        if self.header_seconds < 1:
            raise SettingsError("serve.header_seconds is at least 1")

    def reader(self, threads: int) -> Settings:
        """The settings of the Reader of one worker, which reads with ``threads`` threads."""
        load = LoadSettings(self.max_bytes, self.max_pixels, self.max_side, self.max_pages)
        return Settings(load=load, find=FindSettings(threads=threads), read=ReadSettings(threads=threads))
