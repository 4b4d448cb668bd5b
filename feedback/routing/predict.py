"""Which service a text is about, where nobody has chosen one: a linear model over `features`, and how sure it is.

A guess is a guess: it is stored with the model's version, decides only above a threshold that was measured on texts of
others (`learn.set_threshold`), and is otherwise a suggestion to a clerk, with the words that spoke for it.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Final, Self

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from feedback.routing.features import SIZE, features, weigh

SHOWN: Final = 3
"""How many services a clerk is offered."""
WORDS_SHOWN: Final = 4
NEVER: Final = 1.01
"""A threshold that no confidence reaches: nothing goes without a person."""


class Guess(Struct, frozen=True):
    """A service and the share of texts that were right when the model was as sure."""

    service: str
    confidence: float
    words: tuple[str, ...] = ()
    """Words of the text that spoke for it most, as they were written."""


class About(Struct, frozen=True):
    """What is known of a model besides its arrays."""

    language: str
    services: tuple[str, ...]
    made_at: datetime
    texts: int
    """How many it has learned from."""
    bias: tuple[float, ...]
    steepness: float = 1.0
    """Confidence is 1 / (1 + exp(−(steepness × lead + offset))), the lead being that of the best over the next."""
    offset: float = 0.0
    threshold: float = NEVER

    @property
    def version(self) -> str:
        """The language and the moment at which it was learned."""
        return f"{self.language}-{self.made_at:%Y%m%d%H%M%S}"


class Model(Struct, frozen=True):
    """A learned model of one language."""

    about: About
    places: NDArray[np.int32]
    """Places of the table that hold anything, ascending."""
    rows: NDArray[np.float32]
    """A row for each of these places, a column for each service."""
    rarity: NDArray[np.float32]
    """For every place of the table."""

    def scores(self, text: str) -> NDArray[np.float32]:
        """One number for each service: the higher, the likelier."""
        places, weights = weigh(features(text, self.about.language), self.rarity)
        at = np.searchsorted(self.places, places)
        at[at == len(self.places)] = 0
        known = self.places[at] == places
        found: NDArray[np.float32] = weights[known] @ self.rows[at[known]]
        return found + np.array(self.about.bias, np.float32)

    def confidence_of(self, scores: NDArray[np.float32]) -> float:
        """How often a model that is so far ahead was right."""
        best, second = np.sort(scores)[:-3:-1]
        return float(1 / (1 + np.exp(-(self.about.steepness * float(best - second) + self.about.offset))))

    def guess(self, text: str) -> list[Guess]:
        """The likeliest services, the best first; only the first has a confidence."""
        scores = self.scores(text)
        best = np.argsort(-scores)[:SHOWN]
        services = [self.about.services[int(place)] for place in best]
        first = Guess(services[0], self.confidence_of(scores), self._words(text, int(best[0])))
        return [first, *(Guess(service, 0.0) for service in services[1:])]

    def is_sure(self, guess: Guess) -> bool:
        """Whether it may decide without a person."""
        return guess.confidence >= self.about.threshold

    def _words(self, text: str, service: int) -> tuple[str, ...]:
        """The words without which it would have been less sure, the strongest first."""
        words = list(dict.fromkeys(text.split()))
        told = [(float(self.scores(word)[service] - self.about.bias[service]), word) for word in words[:60]]
        return tuple(
            word.strip(".,;:!?()«»„“\"'") for weight, word in sorted(told, reverse=True) if weight > 0
        )[:WORDS_SHOWN]

    def encode(self) -> bytes:
        """The model as plain arrays (NumPy's format, nothing pickled)."""
        kept = io.BytesIO()
        about = np.frombuffer(msgspec.json.encode(self.about), np.uint8)
        rows = self.rows.astype(np.float16)
        np.savez_compressed(
            kept, about=about, places=self.places, rows=rows, rarity=self.rarity.astype(np.float16)
        )
        return kept.getvalue()

    @classmethod
    def decode(cls, kept: bytes) -> Self:
        """A model from its arrays; raises ValueError where they are none of ours."""
        with np.load(io.BytesIO(kept), allow_pickle=False) as found:
            about = msgspec.json.decode(found["about"].tobytes(), type=About)
            rarity = found["rarity"].astype(np.float32)
            if rarity.shape != (SIZE,):
                raise ValueError("a model of another table")
            return cls(about, found["places"], found["rows"].astype(np.float32), rarity)
