"""One training in several processes, one a GPU: PyTorch's launcher and DistributedDataParallel."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import torch
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException, start_processes

from vestige.contract import Budget, Context
from vestige.errors import UsageError, VestigeError
from vestige.survey.learning.course import Course, Share
from vestige.survey.learning.samples import Samples
from vestige.survey.recipe import TrainRecipe

__all__ = ["train_together"]

#: Seconds between two looks at whether the run should stop.
PATIENCE = 0.5


def train_together(course: Course) -> None:
    """Train in as many processes as the recipe says; their checkpoint lies in the workspace afterwards.

    Each process works its share of every step and the gradients are averaged, by NCCL on GPUs and by Gloo
    on a CPU (Li et al. 2020, PyTorch Distributed). Batch normalisation is by process.

    Raises
    ------
    UsageError : fewer GPUs than processes.
    VestigeError : a process ended early.
    """
    context, count = course.context, course.recipe.processes
    if context.budget.device == "cuda" and torch.cuda.device_count() < count:
        raise UsageError(
            f"{count} processes were asked for and there are {torch.cuda.device_count()} GPUs: ask for fewer"
        )
    meeting = context.workspace / "meeting"
    meeting.unlink(missing_ok=True)
    start = course.network.cpu().state_dict()
    arguments = (
        count,
        meeting,
        course.tiles,
        course.checked,
        course.recipe,
        start,
        context.workspace,
        context.budget,
        context.seed,
    )
    running = start_processes(  # type: ignore[no-untyped-call]
        _worker, arguments, nprocs=count, join=False, start_method="spawn"
    )
    try:
        while not running.join(timeout=PATIENCE):
            context.check()
    except ProcessExitedException as error:
        raise VestigeError(
            f"a process that trained ended early ({error}): run again to go on from the last epoch"
        ) from None
    finally:
        for process in running.processes:
            process.terminate()
        meeting.unlink(missing_ok=True)
    course.network.to(course.device)


def _worker(
    number: int,
    count: int,
    meeting: Path,
    tiles: Samples,
    checked: Samples,
    recipe: TrainRecipe,
    start: dict[str, Tensor],
    workspace: Path,
    budget: Budget,
    seed: int,
) -> None:
    """One of the processes: meets the others, trains its share."""
    cuda = budget.device == "cuda"
    torch.set_num_threads(max(1, budget.cores // count))
    torch.use_deterministic_algorithms(True, warn_only=True)
    if cuda:
        torch.cuda.set_device(number)
    torch.distributed.init_process_group(
        "nccl" if cuda else "gloo",
        init_method=f"file://{meeting}",
        rank=number,
        world_size=count,
        timeout=timedelta(minutes=30),
    )
    context = Context(workspace, budget=budget, seed=seed)
    Course(tiles, checked, recipe, context, start, Share(number, count)).run()
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
