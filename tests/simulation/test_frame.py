"""Networks of several sizes in arrays that they share: the same numbers, from one program."""

from dataclasses import replace

import numpy as np
import pytest
from jaxsuper._limits import BASE_BYTES, use_memory_limit
from jaxsuper.network._placement import Placement
from jaxsuper.simulation import (
    Configuration,
    Frame,
    frame_of,
    is_cheap,
    measure_framed,
    prepare,
    samples_key,
    shared_frames,
    simulate,
)


SIZES = Configuration(120, 20, 3, n_active=2, n_layers=3, allocation="transversal")
CARRIED = replace(SIZES, circuit="rotation3", indicator="carried", indicator_redundancy=4)
# One of each way to lay out neurons: all alike, with gates, in blocks, in two parts.
NETWORKS = {
    "clipped": SIZES,
    "plain": replace(SIZES, construction="plain"),
    "split": replace(SIZES, construction="split"),
    "oracle": replace(SIZES, construction="oracle"),
    "cleaned": replace(SIZES, construction="cleaned"),
    "private": replace(SIZES, construction="private", circuit="rotation3"),
    "block": replace(SIZES, construction="block", redundancy=1, n_active=1),
    "carried": CARRIED,
    "early-guess": replace(CARRIED, indicator="early-guess"),
    "separate": replace(SIZES, construction="separate", indicator_redundancy=2),
    # Edges of some layers alone, of groups, and into indicators of their own.
    "chain": replace(SIZES, edges="chain", inhibition="receiver"),
    "branch": replace(SIZES, edges="branch", construction="separate", indicator_redundancy=2),
    "merge": replace(SIZES, edges="merge"),
    "cleaned branch": replace(SIZES, edges="branch", construction="cleaned"),
}
QUICK = ("private",)


def wider(frame):
    """Return a frame with room to spare in all directions, unlike in the two parts."""
    count, n, redundancy, longest = frame.payload
    own = frame.indicators
    # A circuit of the block construction has one neuron.
    payload = (count + 9, n + 5, redundancy + 2 * (redundancy > 1), longest + 3)
    edges = frame.edges and tuple(
        size + more for size, more in zip(frame.edges, (7, 2, 1, 3), strict=True)
    )
    return Frame(payload, own and (count + 9, own[1] + 3, own[2] + 1, own[3] + 1), edges)


def check_same(found, expected):
    np.testing.assert_allclose(found.mean, expected.mean, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(found.worst, expected.worst, rtol=2e-5, atol=1e-6)
    assert found.n_samples == expected.n_samples


def by_itself(settings, samples):
    key = samples_key(settings)
    return simulate(prepare(settings), settings.n_active, samples, key=key, chunk=samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS],
)
def test_padding_changes_nothing(name, monkeypatch):
    """In chunks that the samples do not fill, too; padding that counted would be seen."""
    settings = replace(NETWORKS[name], seed=3, network=2)
    expected, frame = by_itself(settings, 70), wider(frame_of(settings))
    check_same(measure_framed(settings, 70, 32, frame), expected)
    if name in ("private", "block"):
        # Neurons that are padding look open: the wrong variant.
        monkeypatch.setattr(Placement, "where_counted", lambda self, values: values)
        wrong = wider(frame)
        with pytest.raises(AssertionError):
            check_same(measure_framed(settings, 70, 32, wrong), expected)


def test_frames_are_shared_where_padding_is_cheap():
    """By the samples that are run, recipe and memory; wrong: one frame for all, or one for each."""
    alike = [SIZES, replace(SIZES, redundancy=4), NETWORKS["private"]]
    few, many = (shared_frames(alike, samples) for samples in (1000, 10**9))
    assert few[alike[0]] == few[alike[1]] == frame_of(alike[0]).join(frame_of(alike[1]))
    assert few[alike[2]] == frame_of(alike[2])
    assert all(many[each] == frame_of(each) for each in alike)
    frame, own = few[alike[0]], frame_of(alike[0])
    assert is_cheap(frame, [own], 1000, SIZES) and not is_cheap(frame, [own], 10**9, SIZES)
    large = Frame((2**22, 2**12, 8, 2**10))
    use_memory_limit(BASE_BYTES + 2**24)
    try:
        assert not is_cheap(large, [large], 1, SIZES)
    finally:
        use_memory_limit(None)


def test_parts_share_their_circuits():
    """A frame of two parts has as many circuits in both, whichever asks for more."""
    frames = [frame_of(replace(CARRIED, n_circuits=count)) for count in (20, 31)]
    joined = frames[0].join(frames[1])
    assert joined == frames[1].join(frames[0]) and joined.indicators is not None
    assert joined.payload[0] == joined.indicators[0] == 32
    assert all(joined.holds(frame) for frame in frames) and not frames[0].holds(frames[1])
    with pytest.raises(ValueError, match="`shape`"):
        measure_framed(replace(CARRIED, n_circuits=31), 8, 8, frames[0])
