"""`sde queue`: work on the tasks of `sde provision --queue`, and show the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.rows import Rows
from operations.cli.session import Session
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.task_queue.app import TaskQueue


def queue_of(session: Session) -> TaskQueue:
    """Return the queue of the command's estate, in the place that the environment names."""
    from operations.task_queue.app import TaskQueue  # noqa: PLC0415 - imports Celery
    from operations.task_queue.message import queue_name  # noqa: PLC0415
    from operations.task_queue.place import QueuePlace  # noqa: PLC0415

    return TaskQueue(QueuePlace.of(session.settings), queue_name(session.estate_folder))


@command()
def work(session: Session) -> None:
    """Bring up the tenancies that sde provision --queue asks for, one at a time, until this process is ended.

    Each is brought up as sde provision does it here, and only with a permit in the estate of this machine. SIGTERM ends
    the worker after the present one, Ctrl-C after its present step: another worker continues.

    Example: sde queue work.
    """
    from operations.task_queue.app import stopping  # noqa: PLC0415 - imports Celery
    from operations.task_queue.child import Attempts, options_of  # noqa: PLC0415
    from operations.task_queue.message import estate_digest  # noqa: PLC0415

    queue, folder = queue_of(session), session.estate_folder.absolute()
    options = options_of(folder, session.engine_choice, session.cloud)
    attempts = Attempts(options, session.settings.environ, queue.place.seconds, stopping)
    session.output.say(f"working for {folder} by {queue.place.where}")
    queue.work(attempts.run, lambda: estate_digest(folder))


@command()
def show(session: Session) -> None:
    """Show how many tasks wait and workers run, and the dead letters: tasks that were given up.

    Example: sde queue show.
    """
    queue = queue_of(session)
    with queue.place.errors():
        waiting, workers, letters = queue.records.waiting(), queue.records.workers(), queue.records.dead_letters()
    session.output.emit({"event": "queue", "waiting": waiting, "workers": workers})
    for letter in letters:
        session.output.emit({"event": "dead-letter", **letter.model_dump()})
    session.output.say(f"{plural(waiting, 'task')} waiting, {plural(workers, 'worker')}, "
                       f"{plural(len(letters), 'dead letter')}")  # fmt: skip
    if letters:
        rows = Rows(("stack", "attempts", "given up", "reason"), ("stack",))
        for letter in letters:
            rows.add(printable(letter.stack), str(letter.attempts), letter.time, printable(letter.reason))
        rows.show(session.output.text_console)
        session.output.say("They are tried again by: scripts/sde provision --queue")
