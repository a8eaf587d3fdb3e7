"""Several processes that train one network: on a CPU, one a core does more than one process with many threads.

Each process draws its own lines; gradients are averaged after every step (data parallelism, Li et al. 2020), so all
hold the same weights. One thread a process has no barrier within a layer, where threads would wait for one another
whenever something else runs on the machine.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing import SimpleQueue, get_context
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, spawn

from shizi.errors import ShiziError


class Team:
    """This process among ``size``; rank 0 writes logs and checkpoints."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    def share(self, parameters: Iterable[nn.Parameter]) -> None:
        """Rank 0's values for all, in place."""
        if self.size == 1:
            return
        for parameter in parameters:
            held = parameter.detach().contiguous()  # a copy where channels come last
            dist.broadcast(held, 0)
            parameter.data.copy_(held)

    def average(self, parameters: Iterable[nn.Parameter], *values: float) -> list[float]:
        """Average the gradients over the team in place; and the ``values``, which come back."""
        if self.size == 1:
            return list(values)
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1).float() for g in grads] + [torch.tensor(values, device=grads[0].device)])
        dist.all_reduce(flat)
        flat /= self.size
        offset = 0
        for grad in grads:
            part: Tensor = flat[offset : offset + grad.numel()]
            grad.copy_(part.view_as(grad))
            offset += grad.numel()
        return [float(v) for v in flat[offset:]]


def launch(work: Callable[[Team], None], size: int) -> None:
    """Run ``work`` in ``size`` processes of this machine and wait for them; in this one if ``size`` is 1.

    A ShiziError in one of them is raised here.
    """
    if size == 1:
        work(Team())
        return
    with socket.socket() as probe:  # a free port of the loopback interface
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    errors = get_context("spawn").SimpleQueue()
    try:
        spawn(_member, (work, size, port, errors), nprocs=size)  # type: ignore[no-untyped-call]
    except (ProcessRaisedException, ProcessExitedException):
        if errors.empty():
            raise
        raise errors.get() from None


def _member(
    rank: int, work: Callable[[Team], None], size: int, port: int, errors: SimpleQueue[ShiziError]
) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=size)
    try:
        work(Team(rank, size))
    except ShiziError as error:
        errors.put(error)
        raise
    finally:
        dist.destroy_process_group()
    # its threads may still be ending, and abort a process that Python then takes down: what is done is done
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
