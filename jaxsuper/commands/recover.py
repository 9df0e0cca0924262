"""`jaxsuper recover`: look for the circuits of an exported network, and write what was found.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM: trained methods keep their
state beside the answer, and the same command goes on from there.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from .._errors import check
from .._files import check_writable, make_writable_folder
from .._limits import check_seed
from ._terminal import progress_bar, say


@dataclass(frozen=True)
class Command:
    """Look for the circuits of an exported network, and write an answer for `jaxsuper score`.

    Methods read the model and the samples; probes are told which circuits are on and are a ceiling.
    fast-ica, nmf and dictionary need scikit-learn, the extra `recovery`.

    Attributes:
        export: folder of `jaxsuper export`.
        method: what looks.
        out: the answer, a safetensors file.
        seed: of starts, batches and masks.
        n_units: directions or latents by layer; by default T, in spd c T + D.
        ridge: of probes.
        sparsity: weight of the L1 or minimality term.
        k: latents that are kept of a sample: z in sae-topk; transcoder: L1 without it.
        steps: of gradient descent, or most iterations.
        batch_size: samples of a step.
        learning_rate: the largest.
        start: ideal starts sae-l1, sae-topk and spd at the truth, to see whether they stay there.
    """

    export: Annotated[Path, tyro.conf.Positional]
    method: Literal[
        "probes",
        "pca",
        "svd",
        "fast-ica",
        "nmf",
        "semi-nmf",
        "dictionary",
        "sae-l1",
        "sae-topk",
        "transcoder",
        "cross-layer",
        "spd",
    ]
    out: Path
    seed: int = 0
    n_units: int | None = None
    ridge: float = 0.01
    sparsity: float | None = None
    k: int | None = None
    steps: int | None = None
    batch_size: int = 128
    learning_rate: float | None = None
    start: Literal["random", "ideal"] = "random"


def run(command: Command, console: Console) -> None:
    """Look, and write.

    Args:
        command: the settings.
        console: where it says what it wrote.

    Raises:
        ValueError: for bad input, before anything is run or written.
    """
    rule, ending = "must end in .safetensors", command.out.suffix == ".safetensors"
    check(ending, "out", rule, command.out)
    check_writable(command.out, "out")
    check_seed("seed", command.seed)
    from ..recovery import write_answer
    from ..recovery.methods import Options, recover
    from ..testbed import read_export

    states = command.out.with_name(f"{command.out.name}.states")
    options = Options(
        command.seed,
        command.n_units,
        command.ridge,
        command.sparsity,
        command.k,
        command.steps,
        command.batch_size,
        command.learning_rate,
        command.start,
        states,
    )
    options.check()
    export = read_export(command.export)
    make_writable_folder(states, "out")
    try:
        with progress_bar() as bar:
            answer = recover(export, command.method, options, bar)
        write_answer(answer, command.out)
    except KeyboardInterrupt as interrupt:
        if any(states.iterdir()):
            interrupt.add_note("the same command resumes")
        raise
    finally:
        if not any(states.iterdir()) or command.out.exists():
            shutil.rmtree(states, ignore_errors=True)
    sizes = ", ".join(f"{name} {tuple(array.shape)}" for name, array in answer.arrays.items())
    say(console, f"{command.out}: {sizes}")
