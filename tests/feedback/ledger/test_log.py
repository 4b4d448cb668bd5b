"""The Merkle log hashes as RFC 6962 says, whether it is counted at once or carried on from its last head."""

from __future__ import annotations

import pytest
from msgspec import json

from feedback.ledger.log import Peaks, root_of, written

LEAVES = [
    bytes.fromhex(data)
    for data in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""Size → root over the first so many of `LEAVES`: the test vectors of Certificate Transparency (RFC 6962)."""


@pytest.mark.parametrize("size", sorted(ROOTS))
def test_the_root_is_that_of_the_standard(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize("begun", range(len(LEAVES) + 1))
def test_a_log_that_is_carried_on_has_the_same_roots(begun: int) -> None:
    first = Peaks(0, [])
    for data in LEAVES[:begun]:
        first.append(data)
    roots = [bytes.fromhex(root) for root in json.decode(written(first), type=list[str])]
    peaks = Peaks(first.size, roots)
    for data in LEAVES[begun:]:
        if peaks.size in ROOTS:
            assert peaks.root().hex() == ROOTS[peaks.size]
        peaks.append(data)
    assert peaks.root().hex() == ROOTS[len(LEAVES)]


def test_a_leaf_is_no_node() -> None:
    """Two leaves can't be passed off as one whose data are their hashes."""
    pair = bytes.fromhex(ROOTS[1]) + root_of(LEAVES[1:2])
    assert root_of([pair]) != root_of(LEAVES[:2])
