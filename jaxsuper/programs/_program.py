"""A small language for circuits that switch each other on, read from top to bottom.

    program = Program(circuits)
    program.relay(3, to=4, layer=2)
    program.branch(4, on=lambda x: x[0] > 0, then=5, otherwise=6, layer=3)
    program.merge([5, 7], to=8, layer=5)
    program.fan_out(8, to=[9, 10], layer=6)
    edges = program.compile(n_layers=8)

`layer` is that of the source, counted from 1; the target is in the next layer. A circuit that
hands nothing on in a layer is its own successor there, unless the program says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import check, check_kind
from .._limits import check_index, check_integer
from ..circuits import AbstractCircuits, Layout
from ._compile import compile_edges
from ._condition import condition_of
from ._edge import Decision, Edge
from ._edges import Edges
from ._weights import payload_channels


# Entries of x, where there are no circuits to ask.
_PAYLOAD = 2


@dataclass
class Program:
    """Statements about circuits, compiled to edges.

    Attributes:
        circuits: that the program is about, or how many there are.
        own_successors: whether a circuit that hands nothing on in a layer is its own successor.
        statements: what was said, in order, as a file has it: (word, arguments).
        place: the file that the program was read from, for errors.
    """

    circuits: AbstractCircuits | int
    own_successors: bool = True
    statements: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    place: str = field(default="", repr=False)
    _edges: list[Edge] = field(default_factory=list, repr=False)
    _stopped: list[tuple[int, int]] = field(default_factory=list, repr=False)
    _entries: list[tuple[int, ...]] = field(default_factory=list, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_kind("circuits", self.circuits, AbstractCircuits, int)
        check_index("circuits", self.n_circuits)

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.circuits if isinstance(self.circuits, int) else self.circuits.n_circuits

    @property
    def layout(self) -> Layout | None:
        """That of the circuits; None if there are none yet."""
        return None if isinstance(self.circuits, int) else self.circuits.layout

    def _say(self, word: str, edges: Sequence[Edge] = (), **arguments: Any) -> "Program":
        said = {name: value for name, value in arguments.items() if value is not None}
        self.statements.append((word, said))
        # Counted by word, from 0, as a file has them.
        number = self._counts.get(word, 0)
        statement = f"{word}[{number}]"
        self._counts[word] = number + 1
        self._edges.extend(replace(edge, said=statement) for edge in edges)
        return self

    def edge(self, source: int, target: int, layer: int | None = None, **options: Any) -> "Program":
        """Add one edge, as `Edge` has it."""
        made = Edge(source, target, layer, **options)
        return self._say("edge", [made], source=source, target=target, layer=layer, **options)

    def relay(self, source: int, *, to: int, layer: int | None = None) -> "Program":
        """Hand the vector of a circuit on to another, which goes on with its own weights."""
        return self._say("relay", [Edge(source, to, layer)], source=source, to=to, layer=layer)

    def keep(self, circuit: int, *, layer: int | None = None) -> "Program":
        """Let a circuit go on although it feeds others."""
        return self._say("keep", [Edge(circuit, circuit, layer)], circuit=circuit, layer=layer)

    def stop(self, circuit: int, *, layer: int) -> "Program":
        """Let a circuit have no successor."""
        check_integer("circuit", circuit)
        check_index("layer", layer)
        self._stopped.append((circuit, layer))
        return self._say("stop", circuit=circuit, layer=layer)

    def fan_out(self, source: int, *, to: Sequence[int], layer: int | None = None) -> "Program":
        """Hand the vector of a circuit on to several."""
        check_kind("to", to, list, tuple)
        check(len(to) > 0, "to", "must name at least one circuit", "none")
        edges = [Edge(source, target, layer) for target in to]
        return self._say("fan_out", edges, source=source, to=list(to), layer=layer)

    def merge(
        self,
        sources: Sequence[int],
        *,
        to: int,
        layer: int | None = None,
        scale: float | int | None = None,
    ) -> "Program":
        """Add the vectors of several circuits up in one, which the first of them switches on.

        A target that each of several circuits is to switch on, whichever of them is on, needs no
        merge: `relay` from each. Two edges that open would open the gate twice.

        Args:
            sources: circuits that are on together.
            to: the target.
            layer: of the sources.
            scale: of each vector, by default 1 / their number: a sum with an entry below -1 does not
                pass the ReLU.
        """
        check_kind("sources", sources, list, tuple)
        check(len(sources) > 0, "sources", "must name at least one circuit", "none")
        share = 1 / len(sources) if scale is None else scale
        edges = [
            Edge(source, to, layer, opens=place == 0, share=share)
            for place, source in enumerate(sources)
        ]
        said = {"sources": list(sources), "to": to, "layer": layer, "scale": scale}
        return self._say("merge", edges, **said)

    def branch(
        self,
        circuit: int,
        *,
        on: Any,
        then: int,
        otherwise: int,
        layer: int,
        margin: float | int = 0.2,
    ) -> "Program":
        """Let the value of a circuit decide which of two goes on with it, within two layers.

        From `layer` on, the network first decides, while the vector waits in its circuit, then
        moves it: in layer + 1 circuit and chosen target are on, the target without a vector; in
        layer + 2 the target alone, with the vector. A gate cannot open by a decision of the same
        layer, whose sum has not been cut yet. Gates must stay shut for any vector: b >= 1.

        Args:
            circuit: whose vector x is looked at, and handed on.
            on: a condition like `lambda x: x[0] - x[1] > 0.3`.
            then: the circuit that goes on if it holds.
            otherwise: the circuit that goes on if it does not.
            layer: in which x is looked at.
            margin: w·x must be this far from the threshold; nearer, both may be on a little.
        """
        check_index("layer", layer)
        check(then != otherwise, "otherwise", "must be another circuit than `then`", otherwise)
        size = _PAYLOAD if self.layout is None else len(payload_channels(self.layout))
        direction, threshold = condition_of(on, size)
        yes = Decision(direction, threshold, margin)
        edges = [Edge(circuit, circuit, layer)]
        for target, decision in ((then, yes), (otherwise, yes.otherwise())):
            edges += [
                Edge(circuit, target, layer, opens=False, share=0.0, decision=decision),
                Edge(target, target, layer + 1, share=0.0),
                Edge(circuit, target, layer + 1, opens=False),
            ]
        said = {"direction": list(direction), "threshold": threshold, "margin": margin}
        said |= {"then": then, "otherwise": otherwise, "layer": layer}
        return self._say("branch", edges, circuit=circuit, **said)

    def unless(self, source: int, *, target: int, layer: int | None = None) -> "Program":
        """Switch a target off while the source is on: what the source adds undoes one that opens."""
        made = Edge(source, target, layer, opens=False, share=0.0, mean_share=-1.0)
        return self._say("unless", [made], source=source, target=target, layer=layer)

    def start(self, *circuits: int) -> "Program":
        """Let inputs go to these circuits together; without it, to any single circuit."""
        check(len(circuits) > 0, "circuits", "must name at least one circuit", "none")
        for circuit in circuits:
            check_integer("circuits", circuit)
        self._entries.append(circuits)
        return self._say("start", circuits=list(circuits))

    def compile(
        self, n_layers: int, width: int | None = None, layout: Layout | None = None
    ) -> Edges:
        """Return the edges between all of `n_layers` layers.

        Args:
            n_layers: L.
            width: most circuits that are on at once of what one group starts; if left out, those
                that can be reached from it.
            layout: of the circuits, if the program knows only how many there are.

        Raises:
            ValueError: names file, statement and edge whose circuit or layer does not exist, and so
                on.
        """
        try:
            return self._compile(n_layers, width, layout)
        except ValueError as error:
            if not self.place:
                raise
            raise ValueError(f"{self.place}: {error}") from None

    def _compile(self, n_layers: int, width: int | None, layout: Layout | None) -> Edges:
        for number, (circuit, layer) in enumerate(self._stopped):
            said = f"(stop[{number}])"
            rule = f"must lie in 0..{self.n_circuits - 1}, the circuits there are"
            check(0 <= circuit < self.n_circuits, "circuit", rule, f"{circuit} {said}")
            rule = f"must lie in 1..{n_layers - 1}, since edges lead to the next layer"
            check(layer < n_layers, "layer", rule, f"{layer} {said}")
        for number, group in enumerate(self._entries):
            said, several = f"{list(group)} (start[{number}])", len(set(group)) == len(group)
            check(several, "circuits", "must be different circuits", said)
            rule = f"must lie in 0..{self.n_circuits - 1}, the circuits there are"
            inside = 0 <= min(group) and max(group) < self.n_circuits
            check(inside, "circuits", rule, said)
        return compile_edges(
            self._edges,
            self.n_circuits,
            n_layers,
            layout=self.layout or layout,
            entries=self._entries,
            width=width,
            stopped=self._stopped,
            own_successors=self.own_successors,
        )
