"""What tasks, groups, labels and XComArgs share: arrows between them."""


class DependencyMixin:
    """Anything that `>>` and `<<` work on."""

    roots = ()
    leaves = ()

    def set_upstream(self, other, edge_modifier=None):
        raise NotImplementedError

    def set_downstream(self, other, edge_modifier=None):
        raise NotImplementedError

    def update_relative(self, other, upstream=True, edge_modifier=None):
        """Called on `other` when an arrow to `self` is drawn."""

    def __lshift__(self, other):
        self.set_upstream(other)
        return other

    def __rshift__(self, other):
        self.set_downstream(other)
        return other

    def __rrshift__(self, other):
        self.__lshift__(other)
        return self

    def __rlshift__(self, other):
        self.__rshift__(other)
        return self

    def as_setup(self):
        raise NotImplementedError(f"as_setup is not supported by {type(self).__name__}")

    def as_teardown(self, **kwargs):
        raise NotImplementedError(f"as_teardown is not supported by {type(self).__name__}")


def as_list(items):
    """The items of a list, tuple or other iterable; a single node alone."""
    if isinstance(items, DependencyMixin):
        return (items,)
    if isinstance(items, (list, tuple, set, frozenset)) or hasattr(items, "__iter__") and not isinstance(items, str):
        return items
    return (items,)


class DAGNode(DependencyMixin):
    """A task: has an id, a DAG, and ids above and below."""

    _dag = None
    task_group = None
    is_setup = False
    is_teardown = False
    on_failure_fail_dagrun = False

    @property
    def node_id(self):
        return self.task_id

    @property
    def roots(self):
        return (self,)

    leaves = roots

    @property
    def dag(self):
        if self._dag is None:
            raise RuntimeError(f"Operator {self} has not been assigned to a DAG yet")
        return self._dag

    @dag.setter
    def dag(self, dag):
        if dag is None:
            self._dag = None
            return
        if self._dag is not None and self._dag is not dag:
            raise ValueError(f"The DAG assigned to {self} can not be changed.")
        if self._dag is None:
            self._dag = dag
            dag.add_task(self)

    def has_dag(self):
        return self._dag is not None

    @property
    def dag_id(self):
        return self._dag.dag_id if self._dag is not None else "_in_memory_dag_"

    @property
    def label(self):
        group = self.task_group
        if group is not None and group.group_id and group.prefix_group_id and self.task_id.startswith(group.group_id + "."):
            return self.task_id[len(group.group_id) + 1:]
        return self.task_id

    @property
    def upstream_list(self):
        return [self.dag.task_dict[i] for i in self.upstream_task_ids]

    @property
    def downstream_list(self):
        return [self.dag.task_dict[i] for i in self.downstream_task_ids]

    def get_direct_relative_ids(self, upstream=False):
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream=False):
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, *, upstream=False):
        """Ids of all tasks above or below it."""
        tasks = self.dag.task_dict
        seen = set()
        todo = list(self.get_direct_relative_ids(upstream))
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(tasks[one].get_direct_relative_ids(upstream))
        return seen

    def get_flat_relatives(self, upstream=False):
        tasks = self.dag.task_dict
        return [tasks[i] for i in self.get_flat_relative_ids(upstream=upstream)]

    def set_upstream(self, other, edge_modifier=None):
        self._set_relatives(other, True, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        self._set_relatives(other, False, edge_modifier)

    def _set_relatives(self, others, upstream, edge_modifier=None):
        found = []
        for other in as_list(others):
            if not isinstance(other, DependencyMixin):
                raise TypeError(
                    f"Relationships can only be set between Operators; received {type(other).__name__}"
                )
            other.update_relative(self, not upstream, edge_modifier)
            found.extend(other.leaves if upstream else other.roots)
        dag = self._dag
        for other in found:
            if other._dag is not None and other._dag is not dag:
                if dag is not None:
                    raise RuntimeError(
                        f"Tried to set relationships between tasks in more than one DAG: "
                        f"{{{dag!r}, {other._dag!r}}}"
                    )
                dag = other._dag
        if dag is None and found:
            raise ValueError(
                "Tried to create relationships between tasks that don't have DAGs yet. "
                f"Set the DAG for at least one task and try again: {[self, *found]}"
            )
        if self._dag is None and found:
            self.dag = dag
        mine = self.task_id
        for other in found:
            if other._dag is None:
                other.dag = dag
            if upstream:
                self.upstream_task_ids.add(other.task_id)
                other.downstream_task_ids.add(mine)
                if edge_modifier is not None:
                    edge_modifier.add_edge_info(dag, other.task_id, mine)
            else:
                self.downstream_task_ids.add(other.task_id)
                other.upstream_task_ids.add(mine)
                if edge_modifier is not None:
                    edge_modifier.add_edge_info(dag, mine, other.task_id)

    def as_setup(self):
        self.is_setup = True
        return self

    def as_teardown(self, *, setups=None, on_failure_fail_dagrun=None):
        self.is_teardown = True
        self.trigger_rule = "all_done_setup_success"
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        for one in as_list(setups) if setups is not None else ():
            mark_setup(one)
            one >> self
        return self

    def __enter__(self):
        if not self.is_setup and not self.is_teardown:
            raise RuntimeError("Only setup/teardown tasks can be used as context managers.")
        from .setups import push

        push([self])
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        from .setups import pop

        pop()


def mark_setup(node):
    """Makes the task or the task behind an XComArg a setup."""
    operator = node if isinstance(node, DAGNode) else node.operator
    operator.is_setup = True


class Label(DependencyMixin):
    """A text on an arrow: `a >> Label("x") >> b`."""

    def __init__(self, label=None):
        self.label = label
        self._upstream = []
        self._downstream = []

    @property
    def roots(self):
        return self._downstream

    @property
    def leaves(self):
        return self._upstream

    def _save(self, nodes, stream):
        from .taskgroup import TaskGroup
        from .xcom_arg import XComArg

        for node in as_list(nodes):
            if not isinstance(node, (TaskGroup, XComArg, DAGNode)):
                raise TypeError(
                    f"Cannot use edge labels with {type(node).__name__}, only tasks, XComArg or TaskGroups"
                )
            stream.append(node)
        if self._upstream and self._downstream:
            groups = {_group_of(n) for n in self._upstream + self._downstream}
            if len(groups) != 1:
                self._upstream = [_as_group(n) for n in self._upstream]
                self._downstream = [_as_group(n) for n in self._downstream]

    def set_upstream(self, other, edge_modifier=None):
        self._save(other, self._upstream)
        for node in self._downstream:
            node.set_upstream(other, edge_modifier=self)

    def set_downstream(self, other, edge_modifier=None):
        self._save(other, self._downstream)
        for node in self._upstream:
            node.set_downstream(other, edge_modifier=self)

    def update_relative(self, other, upstream=True, edge_modifier=None):
        self._save(other, self._upstream if upstream else self._downstream)

    def add_edge_info(self, dag, upstream_id, downstream_id):
        if dag is not None:
            dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})


Label.__module__ = "airflow.sdk.definitions.edges"
EdgeModifier = Label


def _group_of(node):
    group = getattr(getattr(node, "operator", node), "task_group", None) if not hasattr(node, "group_id") else node
    return group.group_id if group is not None and group.group_id else "root"


def _as_group(node):
    if isinstance(node, DAGNode) and node.task_group is not None and node.task_group.group_id:
        return node.task_group
    return node


def chain(*tasks):
    """Draws an arrow from each to the next; two lists are joined element by element."""
    for up, down in zip(tasks, tasks[1:]):
        if isinstance(up, DependencyMixin):
            up.set_downstream(down)
        elif isinstance(down, DependencyMixin):
            down.set_upstream(up)
        elif not isinstance(up, (list, tuple)) or not isinstance(down, (list, tuple)):
            raise TypeError(f"Chain not supported between instances of {type(up)} and {type(down)}")
        elif len(up) != len(down):
            raise ValueError(f"Chain not supported for different length Iterable. Got {len(up)} and {len(down)}.")
        else:
            for one, other in zip(up, down):
                one.set_downstream(other)


def chain_linear(*elements):
    """Draws all arrows between each and the next."""
    if not elements:
        raise ValueError("No tasks provided; nothing to do.")
    before = None
    drawn = False
    for element in elements:
        if isinstance(element, Label):
            raise ValueError("Labels are not supported by chain_linear")
        if before is not None:
            for task in before:
                task >> element
                drawn = True
        before = [element] if isinstance(element, DependencyMixin) else list(element)
    if not drawn:
        raise ValueError("No dependencies were set. Did you forget to expand with `*`?")


def cross_downstream(from_tasks, to_tasks):
    """Draws all arrows from the first list to the second."""
    for task in as_list(from_tasks):
        task.set_downstream(to_tasks)
