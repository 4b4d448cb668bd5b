"""Learning to route: from the texts that we wrote for a beginning, and from what clerks have corrected.

One linear judge for each service against all others (squared hinge, as a linear SVM has it), learned a text at a time
with steps that grow smaller for what was met often (AdaGrad: Duchi, Hazan, Singer 2011). Nothing random is left: the
same texts give the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import sqrt
from typing import Final

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from feedback.routing.features import SIZE, features, weigh
from feedback.routing.predict import NEVER, About, Model

ROUNDS: Final = 8
STEP: Final = 0.15
STEP_OF_BIAS: Final = 0.003
RIGHT_AT_LEAST: Final = 0.95
"""Share that must be right of what goes without a person."""


class Example(Struct, frozen=True):
    """A text and the service that it is about."""

    text: str
    service: str
    weight: float = 1.0
    """How much it counts beside the others: a single word less than a message, an old correction less than a new."""


def learn(examples: Sequence[Example], *, language: str, made_at: datetime) -> Model:
    """A model of what these texts say. It decides nothing by itself before `set_threshold`."""
    services = tuple(sorted({example.service for example in examples}))
    if len(services) < 2:
        raise ValueError("there is nothing to tell apart")
    found = [features(example.text, language) for example in examples]
    rarity = _rarity([places for places, _, _ in found])
    texts = [weigh(one, rarity) for one in found]
    weights = np.zeros((SIZE, len(services)), np.float32)
    bias = np.zeros(len(services), np.float32)
    _walk(examples, texts, services, weights, bias)
    places = np.flatnonzero(np.abs(weights).max(axis=1) > 0).astype(np.int32)
    about = About(language, services, made_at, len(examples), tuple(float(one) for one in bias))
    return Model(about, places, weights[places], rarity)


def set_threshold(model: Model, examples: Sequence[Example]) -> Model:
    """The model with its confidence and its threshold measured on texts that it has not learned from.

    They must be another's than those that it learned from: whoever writes both calibrates too kindly. The threshold is
    the lowest above which RIGHT_AT_LEAST are right even with bad luck (`_at_least`); without one a person decides all.
    """
    about = model.about
    leads, rights = [], []
    for example in examples:
        scores = model.scores(example.text)
        first, second = np.argsort(-scores)[:2]
        leads.append(float(scores[first] - scores[second]))
        rights.append(about.services[int(first)] == example.service)
    lead, right = np.array(leads), np.array(rights, float)
    steepness, offset = _fit(lead, right)
    order = np.argsort(-lead)
    threshold = NEVER
    for count in range(1, len(order) + 1):
        if _at_least(float(right[order[:count]].mean()), count) >= RIGHT_AT_LEAST:
            threshold = float(1 / (1 + np.exp(-(steepness * lead[order[count - 1]] + offset))))
    return structs.replace(
        model, about=structs.replace(about, steepness=steepness, offset=offset, threshold=threshold)
    )


def _rarity(found: Sequence[NDArray[np.int32]]) -> NDArray[np.float32]:
    met = np.zeros(SIZE, np.float32)
    for places in found:
        met[np.unique(places)] += 1
    rarity: NDArray[np.float32] = (np.log((1 + len(found)) / (1 + met)) + 1).astype(np.float32)
    return rarity


def _walk(
    examples: Sequence[Example],
    texts: Sequence[tuple[NDArray[np.int32], NDArray[np.float32]]],
    services: Sequence[str],
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Go through all texts ROUNDS times in a mixed order, and put right what is judged wrongly or with little lead."""
    of = {service: place for place, service in enumerate(services)}
    wanted = 2 * np.eye(len(services), dtype=np.float32) - 1
    met = np.full(SIZE, 0.01, np.float32)
    chance = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for number in chance.permutation(len(texts)):
            places, values = texts[number]
            example = examples[number]
            target = wanted[of[example.service]]
            rows = weights[places]
            short = 1 - target * (values @ rows + bias)
            if short.max() <= 0:
                continue
            slope = (-2 * example.weight) * target * np.maximum(0, short)
            seen = met[places] + values * values * float(slope @ slope)
            met[places] = seen
            weights[places] = rows - np.outer(STEP * values / np.sqrt(seen), slope)
            bias -= STEP_OF_BIAS * slope


def _at_least(share: float, count: int) -> float:
    """The share that may be counted on: the lower end of Wilson's interval (1927), left in one case of twenty."""
    unsure = 1.645**2 / count
    middle = share + unsure / 2
    return (middle - sqrt(unsure * (share * (1 - share) + unsure / 4))) / (1 + unsure)


def _fit(lead: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[float, float]:
    """Steepness and offset of the curve from lead to share of right ones (Platt 1999, by Newton's steps)."""
    sides = np.stack([lead, np.ones_like(lead)])
    found = np.zeros(2)
    goal = (right * right.sum() + 1) / (right.sum() + 2) if right.all() else right
    for _ in range(50):
        share = 1 / (1 + np.exp(-(found @ sides)))
        slope = sides @ (share - goal) + 1e-3 * found
        bend = (sides * (share * (1 - share))) @ sides.T + 1e-3 * np.eye(2)
        found -= np.linalg.solve(bend, slope)
    return float(found[0]), float(found[1])
