"""What a text is known by when its service is guessed: pieces of its words by sound, stems, pairs of words.

Inflected languages have many forms of a word, and people write without accents, in Greeklish and with mistakes; so
a word is first brought to how it sounds (`sound`), in which «σκουπίδια» and "skoupidia" are one, and then taken apart
into pieces of two to five letters, which its forms share.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feedback.text.fold import fold
from feedback.text.stems import word_keys

SIZE: Final = 1 << 17
"""Places of the table of features; a feature's place is its checksum."""
TEXT_READ: Final = 1500
"""Characters of a text that are looked at: what it is about is said early."""
PIECES: Final = (2, 5)


def _pairs(told: str) -> tuple[tuple[str, str], ...]:
    return tuple((pair.partition(">")[0], pair.partition(">")[2]) for pair in told.split())


_GREEK: Final = _pairs("""
    αι>e ει>i οι>i υι>i ου>u αυ>av ευ>ev μπ>b ντ>d γκ>g γγ>g γχ>g ξ>ks ψ>ps θ>t χ>h φ>f β>v γ>g δ>d ζ>z κ>k λ>l μ>m
    ν>n π>p ρ>r σ>s ς>s τ>t α>a ε>e η>i ι>i υ>i ο>o ω>o
""")
_GREEKLISH: Final = _pairs("""
    8>t th>t ch>h kh>h ph>f ou>u ai>e ei>i oi>i yi>i ui>i au>av eu>ev mp>b nt>d gk>g gg>g gh>g ng>g j>ks 3>ks q>t w>o
    y>i c>k x>h
""")
_ETA: Final = re.compile(r"(?<![aeiouyct])h(?![aeiouy])|h$")
"""An h that stands for η, not for χ or as part of ch and th."""
_WORD: Final = re.compile(r"\w+")
_DOUBLED: Final = re.compile(r"(.)\1+")
_ENDING: Final = re.compile(r"(?<=.{3})[aeious]{1,3}$")
_LETTERS_OF_A_STEM: Final = 7


def sound(word: str, language: str) -> str:
    """How a folded word sounds, in plain letters; two spellings of one word come to the same or nearly so."""
    if language == "el":
        if any("α" <= letter <= "ω" for letter in word):
            table = _GREEK
        else:
            table, word = _GREEKLISH, _ETA.sub("i", word)
        for written, meant in table:
            word = word.replace(written, meant)
    elif language == "lt":
        word = word.replace("w", "v")
    return word if language == "en" else _DOUBLED.sub(r"\1", word)


Found = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]
"""Places in the table, the block of each (0: pieces of words, 1: words), and how much it counts."""


def features(text: str, language: str) -> Found:
    """What a text is known by, before it is weighed: how often a thing is said counts by its logarithm."""
    pieces: Counter[int] = Counter()
    tokens: Counter[int] = Counter()
    before = ""
    for word in _WORD.findall(text[:TEXT_READ]):
        of_word, keys, stem = _of_word(word, language)
        pieces.update(of_word)
        tokens.update(keys)
        tokens[zlib.crc32(f"b={before}_{stem}".encode())] += 1
        before = stem
    places = np.fromiter((*pieces, *tokens), np.int64) & (SIZE - 1)
    blocks = np.repeat(np.array([0, 1], np.int32), [len(pieces), len(tokens)])
    counts = np.fromiter((*pieces.values(), *tokens.values()), np.float32)
    return places.astype(np.int32), blocks, (1 + np.log(counts)).astype(np.float32)


@lru_cache(30_000)
def _of_word(word: str, language: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """The checksums of a word's pieces, those of its stems, and how its beginning sounds."""
    least, most = PIECES
    pieces, stems = [], []
    for spoken in (sound(part, language) for part in fold(word).split()):
        edged = f" {spoken} ".encode()
        for size in range(least, most + 1):
            if len(edged) <= size:
                pieces.append(zlib.crc32(edged))
                break
            pieces += [zlib.crc32(edged[at : at + size]) for at in range(len(edged) - size + 1)]
        stems.append(_ENDING.sub("", spoken)[:_LETTERS_OF_A_STEM])
    named = [f"s={key}" for keys in word_keys(word, language) for key in keys] + [
        f"p={stem}" for stem in stems
    ]
    return tuple(pieces), tuple(zlib.crc32(name.encode()) for name in named), "".join(stems)


def weigh(found: Found, rarity: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Places and weights: what is rare in the texts that were learned from counts more; both blocks are of length 1."""
    places, blocks, counts = found
    weights = counts * rarity[places]
    for block in (0, 1):
        within = blocks == block
        length = float(np.sqrt((weights[within] ** 2).sum()))
        if length:
            weights[within] /= length
    return places, weights
