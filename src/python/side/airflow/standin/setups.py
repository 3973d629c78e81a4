"""`with setup_or_teardown_task:`: what is made inside hangs between the setup and the teardown."""
from . import state


class Block:
    """One open `with`: the tasks that it names, those of the other kind that belong to them, and what was made inside."""

    def __init__(self, kind, managed, partners):
        self.kind, self.managed, self.partners, self.tasks = kind, managed, partners, []


def push(operators):
    kind = "teardown" if operators[0].is_teardown else "setup"
    if any(op.is_setup != operators[0].is_setup for op in operators):
        raise ValueError("All tasks in the list must be either setup or teardown tasks")
    first = operators[0]
    if kind == "teardown":
        partners = nearest(first, first.upstream_list, "is_setup")
    else:
        partners = nearest(first, first.downstream_list, "is_teardown")
    state.setup_contexts.append(Block(kind, list(operators), partners))


def nearest(start, tasks, kind):
    """The closest tasks that are setups (or teardowns), going on over all arrows."""
    seen = {start.task_id}
    while tasks:
        found = [t for t in tasks if getattr(t, kind)]
        if found:
            return found
        seen.update(t.task_id for t in tasks)
        around = {t.task_id: t for one in tasks for t in (*one.downstream_list, *one.upstream_list)}
        tasks = [t for task_id, t in around.items() if task_id not in seen]
    return []


def pop():
    block = state.setup_contexts.pop()
    tasks = [t for t in block.tasks if not t.is_setup and not t.is_teardown]
    is_setup = block.kind == "setup"
    setups, teardowns = (block.managed, block.partners) if is_setup else (block.partners, block.managed)
    if tasks:
        # a task that already has a neighbour on that side stays as it is
        roots = [t for t in tasks if not t.upstream_task_ids] or tasks[:1]
        leaves = [t for t in tasks if not t.downstream_task_ids] or tasks[-1:]
        below(setups, roots)
        below(leaves, teardowns)
    outer = next((b for b in reversed(state.setup_contexts) if b.kind == block.kind), None)
    if outer is not None:
        outer_setups, outer_teardowns = (outer.managed, outer.partners) if is_setup else (outer.partners, outer.managed)
        below(outer_setups, setups)
        below(teardowns, outer_teardowns)


def below(upper, lower):
    """Arrows from all of the first to all of the second."""
    for one in upper:
        if lower:
            one.set_downstream([t for t in lower if t is not one])


def made(task):
    """A task was made inside of an open block: it belongs to the innermost of each kind."""
    for kind in ("setup", "teardown"):
        block = next((b for b in reversed(state.setup_contexts) if b.kind == kind), None)
        if block is not None and task not in block.tasks:
            block.tasks.append(task)


def add_task(task):
    """`scope.add_task(t)` of `with destroy as scope`."""
    task = task if not hasattr(task, "operator") else task.operator
    if not task.is_setup and not task.is_teardown:
        made(task)


class SetupTeardownContext:
    """Airflow's class, for what DAG files touch of it."""

    add_task = staticmethod(add_task)
    active = property(lambda self: bool(state.setup_contexts))


BaseSetupTeardownContext = SetupTeardownContext


class ContextWrapper(list):
    """`with context_wrapper([one, other]):` for several setups or several teardowns."""

    def __init__(self, tasks):
        super().__init__(getattr(t, "operator", t) for t in tasks)

    def __enter__(self):
        push(list(self))
        return SetupTeardownContext

    def __exit__(self, exc_type, exc_val, exc_tb):
        pop()


context_wrapper = ContextWrapper
