"""`with setup_or_teardown_task:`: what is made inside hangs between the setup and the teardown."""
from . import state


class Block:
    """One open `with`: setups before, teardowns after, tasks inside."""

    def __init__(self, setups, teardowns):
        self.setups, self.teardowns, self.tasks = setups, teardowns, []


def push(operators):
    setups = [op for op in operators if op.is_setup]
    teardowns = [op for op in operators if op.is_teardown]
    for one in teardowns:
        setups += [up for up in one.upstream_list if up.is_setup and up not in setups]
    for one in [op for op in operators if op.is_setup]:
        teardowns += [down for down in one.downstream_list if down.is_teardown and down not in teardowns]
    state.setup_contexts.append(Block(setups, teardowns))


def pop():
    block = state.setup_contexts.pop()
    tasks = block.tasks
    ids = {t.task_id for t in tasks}
    if not tasks:
        return
    roots = [t for t in tasks if ids.isdisjoint(t.upstream_task_ids)] or tasks[:1]
    leaves = [t for t in tasks if ids.isdisjoint(t.downstream_task_ids)] or tasks[-1:]
    for setup in block.setups:
        setup.set_downstream(roots)
    for teardown in block.teardowns:
        teardown.set_upstream(leaves)


def made(task):
    """A task was made inside of an open block."""
    for block in state.setup_contexts:
        if task not in block.tasks and task not in block.setups and task not in block.teardowns:
            block.tasks.append(task)


def add_task(task):
    """`scope.add_task(t)` of `with destroy as scope`."""
    made(task if not hasattr(task, "operator") else task.operator)


class SetupTeardownContext:
    """Airflow's class, for what DAG files touch of it."""

    add_task = staticmethod(add_task)
