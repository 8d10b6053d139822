"""What the service may be told: by arguments of `ionscout serve`, or by environment variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 2**20


class ServiceSettings(BaseSettings):
    """Settings of one service; each is also read from `IONSCOUT_SERVE_` and its name in capitals.

    Examples
    --------
    >>> ServiceSettings(max_rows=10).max_rows
    10
    """

    model_config = SettingsConfigDict(env_prefix="IONSCOUT_SERVE_", extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Interface to listen on; beyond loopback API keys are needed.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    require_keys: bool = Field(default=False, description="Ask for API keys on loopback too.")
    max_body_bytes: int = Field(default=32 * MEBIBYTE, ge=1, description="Largest body as sent.")
    max_inflated_bytes: int = Field(default=128 * MEBIBYTE, ge=1, description="Largest body once decompressed.")
    max_rows: int = Field(default=100_000, ge=1, description="Most rows of one request.")
    max_columns: int = Field(default=256, ge=1, description="Most columns of one table.")
    timeout_s: float = Field(default=60.0, gt=0, description="Longest time one request may take.")
    small_rows: int = Field(
        default=64, ge=1, description="Requests of up to this many rows are answered in common batches."
    )
    batch_rows: int = Field(default=512, ge=1, description="Most rows of one common batch.")
    recent_rows: int = Field(default=1024, ge=0, description="Answers of single rows that are remembered.")
    max_waiting: int = Field(
        default=4096, ge=1, description="Most small requests that wait; more are told to come back."
    )
    max_large: int = Field(default=2, ge=1, description="Large tables that are worked on at once.")
    reload_s: float = Field(
        default=5.0, gt=0, description="How often the service looks whether another champion serves."
    )
    jobs_at_once: int = Field(default=1, ge=1, description="Screens and retrainings that run at once.")
    jobs_waiting: int = Field(default=20, ge=0, description="Jobs that may wait.")
    job_retry_s: float = Field(default=30.0, gt=0, description="When a job that a full disk stopped is tried again.")
    max_candidates: int = Field(default=1_000_000_000, ge=1, description="Largest space of one screen.")
    job_part_rows: int = Field(default=131_072, ge=1, description="Candidates that a stop of a screen loses at most.")
