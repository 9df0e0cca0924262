"""Claims about features in single neurons, one each or several in one (notes#embeddings)."""

import numpy as np

from ... import features, theory
from ._evidence import Evidence, Point
from ._measured import all_inputs, exact_error
from ._registry import claim, Run


def _dedicated_points(swap: bool) -> list[Point]:
    points = []
    for T, D in ((20, 5), (16, 12), (24, 4), (18, 9)):
        embedding = features.one_per_neuron(T, D)
        for z in (1, 2, 3):
            measured = exact_error(embedding, features.scaled(embedding, 1.0), z)
            said = theory.dedicated_mse(T, D, z), theory.dedicated_published_mse(T, D, z)
            said = said[::-1] if swap else said
            points.append(Point(T / D, measured, said[0], rival=said[1], series=f"z = {z}"))
    return points


@claim(
    "embeddings.dedicated",
    "One feature per neuron and the rest dropped: the error is z(T-D)/T.",
    tier="algebra",
    formula=r"\mathrm{MSE} = z\,\frac{T-D}{T}",
    source="[M2]; notes#embeddings",
    regime="all inputs enumerated",
    expected="established",
    rival="z(T-D)/D, as printed in [M]",
)
def _dedicated(run: Run) -> Evidence:
    return Evidence(_dedicated_points(False), "T/D", "E|x - y|^2", tolerance=1e-6, log_y=True)


@claim(
    "embeddings.dedicated-as-printed",
    "One feature per neuron and the rest dropped: the error is z(T-D)/D.",
    tier="algebra",
    formula=r"\mathrm{MSE} = z\,\frac{T-D}{D}",
    source="[M]; notes#embeddings",
    regime="all inputs enumerated",
    expected="refuted",
    rival="z(T-D)/T (to be confirmed)",
)
def _dedicated_as_printed(run: Run) -> Evidence:
    note = "For T > 2D it exceeds z, the error of reading out nothing at all."
    points = _dedicated_points(True)
    return Evidence(points, "T/D", "E|x - y|^2", tolerance=1e-6, log_y=True, note=note)


def _guess_points(swap: bool) -> list[Point]:
    """Regress the dropped features on the number of active represented ones, over all inputs."""
    points = []
    for T, D in ((20, 5), (16, 12), (24, 4), (18, 9)):
        inputs = all_inputs(T, 2)
        represented, dropped = inputs[:, :D].sum(axis=1), inputs[:, D:]
        slope = float((represented @ dropped).mean() / (represented @ represented))
        said = theory.dedicated_guess_scale(T, D, 2), theory.dedicated_guess_published_scale(T, D)
        said = said[::-1] if swap else said
        points.append(Point(T / D, slope, said[0], rival=said[1], series="z = 2"))
    return points


@claim(
    "embeddings.guess-of-dropped",
    "One feature per neuron: at z = 2 a dropped feature is best read out as 1/(T+D-2) for each active "
    "represented one.",
    tier="algebra",
    formula=r"a' = \frac{q}{1 + q(D-1)} = \frac{1}{T + D - 2} \quad (z = 2)",
    source="derived in `theory.dedicated_guess_scale`; [M2] prints another value",
    regime="all inputs enumerated",
    expected="established",
    rival="1/(3D+T), as printed in [M2]",
)
def _guess(run: Run) -> Evidence:
    return Evidence(_guess_points(False), "T/D", "a'", tolerance=1e-9)


@claim(
    "embeddings.guess-of-dropped-as-printed",
    "One feature per neuron: at z = 2 a dropped feature is best read out as 1/(3D+T) for each active "
    "represented one.",
    tier="algebra",
    formula=r"a' = \frac{1}{3 D + T}",
    source="[M2], a footnote; notes#embeddings",
    regime="within 5 %; all inputs enumerated",
    expected="refuted",
    rival="1/(T+D-2) (to be confirmed)",
)
def _guess_as_printed(run: Run) -> Evidence:
    note = "1/(T+3D-4) is what comes out if either of the two active features counts only once."
    return Evidence(_guess_points(True), "T/D", "a'", tolerance=0.05, note=note)


def _constant_points(swap: bool) -> list[Point]:
    points = []
    for T, D in ((20, 5), (16, 12), (18, 9)):
        for z in (1, 2, 3):
            inputs = all_inputs(T, z)
            outputs = np.where(np.arange(T) < D, inputs, z / T)
            per_feature = float(((inputs - outputs) ** 2).mean())
            said = theory.dedicated_constant_mse(T, D, z) / T, z * (1 - D / T) * (1 - z / T)
            said = said[::-1] if swap else said
            points.append(Point(T / D, per_feature, said[0], rival=said[1], series=f"z = {z}"))
    return points


@claim(
    "embeddings.constant-for-dropped",
    "One feature per neuron and z/T for the rest: the error per feature is (z/T)(1-D/T)(1-z/T).",
    tier="algebra",
    formula=r"\frac{\mathrm{MSE}}{T} = \frac{z}{T}\left(1-\frac{D}{T}\right)\left(1-\frac{z}{T}\right)",
    source="derived in `theory.dedicated_constant_mse`; [M2] prints another value",
    regime="all inputs enumerated",
    expected="established",
    rival="without the 1/T, as printed in [M2]",
)
def _constant(run: Run) -> Evidence:
    return Evidence(_constant_points(False), "T/D", "E|x - y|^2 / T", tolerance=1e-9, log_y=True)


@claim(
    "embeddings.constant-for-dropped-as-printed",
    "One feature per neuron and z/T for the rest: the error per feature is z(1-D/T)(1-z/T).",
    tier="algebra",
    formula=r"\frac{\mathrm{MSE}}{T} = z\left(1-\frac{D}{T}\right)\left(1-\frac{z}{T}\right)",
    source="[M2], a footnote; notes#embeddings",
    regime="all inputs enumerated",
    expected="refuted",
    rival="(z/T)(1-D/T)(1-z/T) (to be confirmed)",
)
def _constant_as_printed(run: Run) -> Evidence:
    note = "It is right for the sum over the features; [M2] divides by T."
    points = _constant_points(True)
    return Evidence(points, "T/D", "E|x - y|^2 / T", tolerance=1e-9, log_y=True, note=note)


@claim(
    "embeddings.shared",
    "k features per neuron, read out with 1/k: the error is z(1-q)(1 - D/T), exactly.",
    tier="algebra",
    formula=r"\mathrm{MSE} = z\,(1-q)\left(1 - \frac{D}{T}\right)",
    source="notes#embeddings",
    regime="all inputs enumerated",
    expected="established",
    rival="[M]'s z(1 - D/T), without co-activation",
)
def _shared(run: Run) -> Evidence:
    points = []
    for T, D in ((12, 4), (20, 5), (18, 9)):
        embedding = features.shared_neurons(T, D)
        for z in (2, 3, 4):
            measured = exact_error(embedding, features.scaled(embedding, D / T), z)
            right = theory.shared_mse([T // D] * D, z, D / T)
            points.append(
                Point(z, measured, right, rival=z * (1 - D / T), series=f"T, D = {T}, {D}")
            )
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-4)


@claim(
    "embeddings.shared-as-published",
    "k = T/D features per neuron: z[(1-a)^2 + (T/D-1) a^2], best z(1 - D/T) at a = D/T.",
    tier="algebra",
    formula=r"\mathrm{MSE} = z\left[(1-a)^2 + \left(\frac{T}{D} - 1\right) a^2\right]",
    source="[M]; notes#embeddings",
    regime="z = 1, where no two features are active",
    expected="established in regime",
    rival="with all k features of a neuron in the way, T/D in place of T/D - 1",
)
def _shared_as_published(run: Run) -> Evidence:
    points = []
    for T, D in ((12, 4), (20, 5)):
        embedding = features.shared_neurons(T, D)
        for z in (1, 2, 3, 4):
            for a in (D / T, 0.5):
                measured = exact_error(embedding, features.scaled(embedding, a), z)
                said = theory.shared_published_mse(T, D, z, a)
                series = f"T = {T}, a = {a:.2f}"
                points.append(Point(z, measured, said, rival=said + z * a**2, series=series))
    return Evidence(points, "z", "E|x - y|^2", tolerance=1e-4, boundary=(1, 2))
