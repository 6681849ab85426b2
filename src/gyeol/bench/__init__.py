"""Speed beside the peers, measured here: results are compared first, then timed in turns, on this machine, now.

A literal table, one entry each. A figure of ours is one that a command in this repository prints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from gyeol.bench.fit import PEERS as FIT_PEERS
from gyeol.bench.fit import run as run_fit
from gyeol.bench.language import PEERS as LANGUAGE_PEERS
from gyeol.bench.language import run as run_language
from gyeol.bench.layers import PEERS as LAYERS_PEERS
from gyeol.bench.layers import run as run_layers
from gyeol.bench.lengths import PEERS as LENGTHS_PEERS
from gyeol.bench.lengths import run as run_lengths
from gyeol.bench.machine import describe_machine
from gyeol.bench.precision import run as run_precision
from gyeol.bench.step import PEERS as STEP_PEERS
from gyeol.bench.step import run as run_step
from gyeol.bench.translate import PEERS as TRANSLATE_PEERS
from gyeol.bench.translate import run as run_translate
from gyeol.bench.vectors import PEERS as VECTORS_PEERS
from gyeol.bench.vectors import run as run_vectors
from gyeol.bench.word2vec import PEERS as WORD2VEC_PEERS
from gyeol.bench.word2vec import run as run_word2vec
from gyeol.errors import ParameterError, closest

__all__ = ["BENCHES", "Bench", "run"]


class Bench(NamedTuple):
    """What a benchmark compares, and how to run it.

    ``run(quick, note, peers)`` returns ``rows``, ``summary`` and ``precisions``; its `peers` are those that are timed,
    of the entry's ``peers``.
    """

    title: str
    run: Callable[..., dict[str, Any]]
    peers: tuple[str, ...] = ()


#: What can be measured, by name.
BENCHES: dict[str, Bench] = {
    "layers": Bench("RNN, LSTM and GRU on rows of equal length, beside torch.nn", run_layers, LAYERS_PEERS),
    "lengths": Bench(
        "rows as long as real texts, beside torch.nn; time per token of lengths 10 to 4,000", run_lengths, LENGTHS_PEERS
    ),
    "precision": Bench('what precision="auto" chooses for a layer, beside every fixed precision', run_precision),
    "step": Bench("one step of a stream, beside onnxruntime", run_step, STEP_PEERS),
    "fit": Bench("a whole TextClassifier.fit, beside PyTorch and Keras in alternating processes", run_fit, FIT_PEERS),
    "language": Bench(
        "a language model of 2 x 200 and 10,000 words beside PyTorch's example: training, generation",
        run_language,
        LANGUAGE_PEERS,
    ),
    "translate": Bench(
        "a translator of 2 x 512 beside torch.nn with packed sequences: training, beams", run_translate, TRANSLATE_PEERS
    ),
    "vectors": Bench(
        "TF-IDF beside scikit-learn; word vectors read, queried and trained beside Gensim", run_vectors, VECTORS_PEERS
    ),
    "word2vec": Bench(
        "word vectors trained beside Gensim: words per second; tests, mean and spread over seeds",
        run_word2vec,
        WORD2VEC_PEERS,
    ),
}


def run(
    name: str,
    *,
    quick: bool = False,
    threads: int | None = None,
    peers: Sequence[str] = (),
    note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Run a benchmark.

    Parameters
    ----------
    name : str
        One of `BENCHES`.
    quick : bool
        A few small cases: whether it runs, not how fast.
    threads : int, optional
        Cores to use; as many as PyTorch uses by default.
    peers : sequence of str
        Whom to time besides gyeol, of the benchmark's ``peers``; all by default, and nobody for ``("none",)``.
    note : callable, optional
        Called with a line whenever a case is done.

    Returns
    -------
    dict
        ``name``, ``title``, ``quick``, ``machine`` (its processor and the kernels' instruction set among others),
        ``precisions`` (of every contestant), ``rows`` (a dict a case) and ``summary`` (the figures to hold, each with
        its target).

    Raises
    ------
    ParameterError
        For a name that is not in the table, and for a peer that the benchmark does not have.
    AssertionError
        Where gyeol and a peer compute different things: nothing was timed then.
    """
    if name not in BENCHES:
        raise ParameterError(f"there is no benchmark {name!r}{closest(name, BENCHES)}")
    chosen = choose_peers(name, peers)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        machine = describe_machine()
        if machine["warning"] and note:
            note(machine["warning"])
        result = BENCHES[name].run(quick=quick, note=note or (lambda line: None), peers=chosen)
    finally:
        torch.set_num_threads(before)
    if quick:  # what a few small cases give is neither met nor missed
        result["summary"] = {key: {**found, "met": None} for key, found in result["summary"].items()}
    return {"name": name, "title": BENCHES[name].title, "quick": quick, "machine": machine, **result}


def choose_peers(name: str, peers: Sequence[str]) -> tuple[str, ...]:
    """Check whom a benchmark shall time besides gyeol.

    Raises
    ------
    ParameterError
        Names what there is.

    Examples
    --------
    >>> choose_peers("step", []), choose_peers("step", ["none"])
    (('onnxruntime',), ())
    """
    known = BENCHES[name].peers
    if "none" in peers:
        if len(peers) > 1:
            raise ParameterError(f"the peer 'none' stands alone; came {', '.join(peers)}")
        return ()
    for peer in peers:
        if peer not in known:
            raise ParameterError(f"the benchmark {name!r} has no peer {peer!r}{closest(peer, [*known, 'none'])}")
    return tuple(peer for peer in known if peer in peers) if peers else known
