"""The frames of a bisection: few programs for many T, that none knows beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..simulation import capacity_of, Configuration, Frame, frame_of, is_cheap, Recipe
from ._problem import structure_of


# By so much a bisection moves T at first.
STRIDE = 1.4
# Different T that are run in a frame, about.
_SHARED = 4


@dataclass
class Frames:
    """Frames by recipe, each with as much room as is cheap when it is first needed.

    What a frame is depends on the networks asked for, in their order, and on nothing else.

    Attributes:
        samples: that are run of each T, about.
        most: T will not be larger.
    """

    samples: int
    most: int
    _made: dict[tuple[Recipe, int, str], list[Frame]] = field(default_factory=dict)

    def of(self, configuration: Configuration, nearby: Sequence[Configuration] = ()) -> Frame:
        """Return a frame that holds a network.

        Args:
            configuration: of the network.
            nearby: others that may be asked for soon.

        Returns:
            The first of those made that holds it and is not much too large; else a new one, with
            room for more circuits and for those nearby where that is cheap.
        """
        program = _program(configuration)
        made, needed = self._made.setdefault(program, []), frame_of(structure_of(configuration))
        for frame in made:
            if frame.holds(needed) and is_cheap(frame, [needed], self.samples, configuration):
                return frame
        frame = needed
        alike = [each for each in nearby if _program(each) == program]
        for wish in (*alike, *self._larger(configuration)):
            # By its loads, before sets are made that may be far too many.
            about = frame.join(needed.grown(wish.n_circuits / configuration.n_circuits))
            if not self._is_cheap(about, needed, configuration):
                continue
            wider = frame.join(frame_of(structure_of(wish)))
            if self._is_cheap(wider, needed, configuration):
                frame = wider
        made.append(frame)
        return frame

    def _is_cheap(self, frame: Frame, needed: Frame, configuration: Configuration) -> bool:
        return is_cheap(frame, [needed] * _SHARED, self.samples, configuration)

    def _larger(self, configuration: Configuration) -> list[Configuration]:
        """Return the same structure with more circuits: a stride more, and as many as it will take."""
        limit = capacity_of(configuration)
        most = self.most if limit is None else min(self.most, limit)
        counts = (round(configuration.n_circuits * STRIDE), most)
        return [replace(configuration, n_circuits=min(count, most)) for count in counts]


def _program(configuration: Configuration) -> tuple[Recipe, int, str]:
    return Recipe.of(configuration), configuration.n_layers, configuration.edges
