"""What all parts of a city's profile are made of: wordings, keys, and the closed lists of the contract."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Words = dict[str, str]
"""Language code → text. Complete when it holds every language of the city (`check.py` says so)."""

Key = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
CityCode = Annotated[str, Meta(pattern=r"^[A-Z]{2,4}$")]
Colour = Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}$")]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Mark = Annotated[str, Meta(max_length=20_000)]

Kind = Literal["request", "complaint", "idea", "criticism", "praise", "question"]
KINDS: tuple[Kind, ...] = ("request", "complaint", "idea", "criticism", "praise", "question")

Nature = Literal[
    "service_request",
    "statutory_request",
    "document_request",
    "complaint_service",
    "complaint_act",
    "idea",
    "opinion",
    "praise",
    "question",
    "integrity_report",
    "accessibility_request",
    "data_subject_request",
    "open_data_request",
]
NATURES: tuple[Nature, ...] = (
    "service_request",
    "statutory_request",
    "document_request",
    "complaint_service",
    "complaint_act",
    "idea",
    "opinion",
    "praise",
    "question",
    "integrity_report",
    "accessibility_request",
    "data_subject_request",
    "open_data_request",
)

Restricted = Literal["named_official", "health", "minors", "integrity"]
RESTRICTED: tuple[Restricted, ...] = ("named_official", "health", "minors", "integrity")
"""Why an item may be shown to those named for it only."""

Channel = Literal["web", "mail", "phone", "counter", "open311", "api", "import"]

Measure = Literal[
    "received",
    "answered",
    "second_looks",
    "in_time_law",
    "in_time_promise",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
]
MEASURES: tuple[Measure, ...] = (
    "received",
    "answered",
    "second_looks",
    "in_time_law",
    "in_time_promise",
    "time_to_answer",
    "satisfied_outcome",
    "satisfied_handling",
)


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all parts share: frozen, and an unknown key is refused."""
