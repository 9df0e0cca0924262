"""The frames of a bisection: one as long as it holds, room where that is cheap."""

from dataclasses import replace

from jaxsuper.design import _frames
from jaxsuper.design._frames import Frames, STRIDE
from jaxsuper.simulation import Configuration, frame_of


FIRST = Configuration(
    240, 40, 3, n_layers=3, circuit="rotation3", construction="private", allocation="transversal"
)


def at(count, redundancy=3):
    return replace(FIRST, n_circuits=count, redundancy=redundancy)


def test_one_frame_for_many_sizes():
    """Smaller T and a stride more are in the first frame, other S where they were announced."""
    frames = Frames(samples=1000, most=1000)
    frame = frames.of(at(40), [at(29, redundancy=5)])
    assert frame.payload[0] > STRIDE * 40
    for each in (at(20), at(56), at(29, redundancy=5), at(40)):
        assert frames.of(each) is frame
    assert frames.of(at(20, redundancy=6)) is not frame
    # Another construction has frames of its own.
    assert frames.of(replace(at(20), construction="clipped", circuit="rotation")) is not frame


def test_no_room_where_it_is_dear(monkeypatch):
    """A frame is then as large as it must be, for larger T and for smaller ones.

    No sets are made that are not measured: a wide network holds millions.
    """

    def made(configuration):
        assert configuration.n_circuits <= 41
        return frame_of(configuration)

    monkeypatch.setattr(_frames, "frame_of", made)
    frames = Frames(samples=10**12, most=1000)
    frame = frames.of(at(40), [at(29, redundancy=5)])
    assert frame == frame_of(at(40))
    assert frames.of(at(41)) == frame_of(at(41)) and frames.of(at(30)) == frame_of(at(30))


def test_no_more_than_will_be_asked_for():
    assert Frames(samples=1, most=45).of(at(40)).payload[0] == 46
