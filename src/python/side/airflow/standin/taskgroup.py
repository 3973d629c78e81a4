"""Task groups."""
from . import state
from .node import DAGNode, DependencyMixin, as_list


class TaskGroup(DependencyMixin):
    """A group of tasks and groups; ids inside get its id as a prefix."""

    __module__ = "airflow.sdk.definitions.taskgroup"
    expand_input = None
    """(kind, values) of a mapped group."""

    def __init__(self, group_id, prefix_group_id=True, parent_group=None, dag=None, default_args=None, tooltip="",
                 children=None, ui_color="CornflowerBlue", ui_fgcolor="#000", add_suffix_on_collision=False,
                 group_display_name="", **old):
        if old:
            raise TypeError(f"TaskGroup.__init__() got an unexpected keyword argument {next(iter(old))!r}")
        self.prefix_group_id = prefix_group_id
        self.default_args = dict(default_args) if default_args else {}
        self.tooltip = tooltip
        self.group_display_name = group_display_name
        self.children = {}
        self.upstream_group_ids, self.downstream_group_ids = set(), set()
        self.upstream_task_ids, self.downstream_task_ids = set(), set()
        self.ui_color, self.ui_fgcolor = ui_color, ui_fgcolor
        self.parent_group = None
        if group_id is None:
            self._group_id = None
            self.dag = dag
            self.used_group_ids = set()
            return
        state.check_key(group_id, 200)
        if parent_group is None:
            parent_group = state.open_groups[-1] if state.open_groups else None
            owner = dag or (state.open_dags[-1] if state.open_dags else None)
            if parent_group is None or (owner is not None and parent_group.dag is not owner):
                if owner is None:
                    raise RuntimeError("TaskGroup can only be used inside a dag")
                parent_group = owner.task_group
        self.dag = dag or parent_group.dag
        self.parent_group = parent_group
        self.used_group_ids = parent_group.used_group_ids
        if parent_group.default_args:
            self.default_args = {**parent_group.default_args, **self.default_args}
        self._group_id = group_id
        self._check_free(add_suffix_on_collision)
        self.used_group_ids.add(self.group_id)
        if self.group_id:
            self.used_group_ids.add(self.upstream_join_id)
            self.used_group_ids.add(self.downstream_join_id)
        parent_group.add(self)

    def _check_free(self, suffix):
        taken = self.used_group_ids
        tasks = self.dag.task_dict if self.dag is not None else {}
        if self.group_id not in taken and self.group_id not in tasks:
            return
        if not suffix:
            from .exceptions import DuplicateTaskIdFound

            raise DuplicateTaskIdFound(f"group_id '{self._group_id}' has already been added to the DAG")
        base, number = self._group_id, 1
        while self.group_id in taken or self.group_id in tasks:
            self._group_id = f"{base}__{number}"
            number += 1

    @classmethod
    def create_root(cls, dag):
        return cls(None, dag=dag)

    @property
    def is_root(self):
        return not self.group_id

    @property
    def group_id(self):
        parent = self.parent_group
        if parent is not None and parent.prefix_group_id and parent._group_id is not None:
            return parent.child_id(self._group_id)
        return self._group_id

    node_id = group_id

    @property
    def label(self):
        return self._group_id

    @property
    def upstream_join_id(self):
        return f"{self.group_id}.upstream_join_id"

    @property
    def downstream_join_id(self):
        return f"{self.group_id}.downstream_join_id"

    def child_id(self, label):
        group_id = self.group_id
        if self.prefix_group_id and group_id:
            return f"{group_id}.{label}"
        return label

    def add(self, node):
        key = node.node_id
        if key in self.children and self.children[key] is not node:
            from .exceptions import DuplicateTaskIdFound

            kind = "Task" if hasattr(node, "task_id") else "Task Group"
            raise DuplicateTaskIdFound(f"{kind} id '{key}' has already been added to the DAG")
        if isinstance(node, TaskGroup) and self.dag is not None and node.dag not in (None, self.dag):
            raise RuntimeError(f"Cannot mix TaskGroups from different DAGs: {self.dag} and {node.dag}")
        self.children[key] = node
        node.task_group = self

    def __enter__(self):
        state.open_groups.append(self)
        return self

    def __exit__(self, exc_type, exc_value, tb):
        state.open_groups.pop()

    def __iter__(self):
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def iter_tasks(self):
        return iter(self)

    def __repr__(self):
        return f"<TaskGroup: {self.group_id}>"

    def has_task(self, task):
        return any(t is task for t in self)

    def get_child_by_label(self, label):
        return self.children[self.child_id(label)]

    def __getitem__(self, label):
        try:
            return self.get_child_by_label(label)
        except KeyError:
            from .exceptions import NodeNotFound

            raise NodeNotFound(f"Task {label!r} not found") from None

    @property
    def node_id(self):
        return self.group_id

    def has_dag(self):
        return self.dag is not None

    @property
    def dag_id(self):
        return self.dag.dag_id if self.dag is not None else "_in_memory_dag_"

    @property
    def upstream_list(self):
        return [self.dag.task_dict[one] for one in self.upstream_task_ids]

    @property
    def downstream_list(self):
        return [self.dag.task_dict[one] for one in self.downstream_task_ids]

    def topological_sort(self):
        """Its tasks, each after those that it waits for."""
        inside = {task.task_id for task in self}
        return [task for task in self.dag.topological_sort() if task.task_id in inside]

    def get_task_group_dict(self):
        found = {}

        def walk(group):
            found[group.group_id] = group
            for child in group.children.values():
                if isinstance(child, TaskGroup):
                    walk(child)

        walk(self)
        return found

    def iter_mapped_task_groups(self):
        group = self
        while group is not None:
            if group.expand_input is not None:
                yield group
            group = group.parent_group

    @property
    def roots(self):
        return list(self.get_roots())

    @property
    def leaves(self):
        return list(self.get_leaves())

    def get_roots(self):
        tasks = list(self)
        ids = {t.task_id for t in tasks}
        for task in tasks:
            if ids.isdisjoint(task.upstream_task_ids):
                yield task

    def get_leaves(self):
        tasks = list(self)
        ids = {t.task_id for t in tasks}

        def above(task):
            for up in task.upstream_list:
                if up.task_id not in ids:
                    continue
                if up.is_teardown and not up.on_failure_fail_dagrun:
                    yield from above(up)
                elif task.is_teardown and up.is_setup:
                    continue
                else:
                    yield up

        seen = set()
        for task in tasks:
            if not ids.isdisjoint(task.downstream_task_ids):
                continue
            for leaf in above(task) if task.is_teardown and not task.on_failure_fail_dagrun else (task,):
                if leaf.task_id not in seen:
                    seen.add(leaf.task_id)
                    yield leaf

    def update_relative(self, other, upstream=True, edge_modifier=None):
        if isinstance(other, TaskGroup):
            lower, upper = (self, other) if upstream else (other, self)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(self.dag, upper.downstream_join_id, lower.upstream_join_id)
            lower.upstream_group_ids.add(upper.group_id)
            upper.downstream_group_ids.add(lower.group_id)
            return
        for task in other.roots:
            if not isinstance(task, DAGNode):
                raise RuntimeError(
                    "Relationships can only be set between TaskGroup or operators; "
                    f"received {type(task).__name__}"
                )
            if upstream:
                self.upstream_task_ids.add(task.node_id)
                if edge_modifier is not None:
                    edge_modifier.add_edge_info(self.dag, task.node_id, self.upstream_join_id)
            else:
                self.downstream_task_ids.add(task.node_id)
                if edge_modifier is not None:
                    edge_modifier.add_edge_info(self.dag, self.downstream_join_id, task.node_id)

    def _set_relatives(self, others, upstream, edge_modifier=None):
        others = list(as_list(others))
        if not self.children:
            self._through_empty(others, upstream)
        elif upstream:
            for task in list(self.get_roots()):
                task.set_upstream(others)
        else:
            for task in list(self.get_leaves()):
                task.set_downstream(others)
        for other in others:
            self.update_relative(other, upstream, edge_modifier)

    def _through_empty(self, others, upstream):
        """An empty group passes arrows on: what is above it is joined with what is below."""
        tasks = self.dag.task_dict
        known = self.downstream_task_ids if upstream else self.upstream_task_ids
        for other in others:
            if isinstance(other, TaskGroup):
                ends = other.get_leaves() if upstream else other.get_roots()
            else:
                ends = other.leaves if upstream else other.roots
            for end in list(ends):
                (self.upstream_task_ids if upstream else self.downstream_task_ids).add(end.task_id)
                for one in list(known):
                    if upstream:
                        end.set_downstream(tasks[one])
                    else:
                        tasks[one].set_downstream(end)

    def set_upstream(self, other, edge_modifier=None):
        self._set_relatives(other, True, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        self._set_relatives(other, False, edge_modifier)

    def as_setup(self):
        raise RuntimeError("Task groups cannot be marked as setup or teardown.")

    def as_teardown(self, **kwargs):
        raise RuntimeError("Task groups cannot be marked as setup or teardown.")


class MappedTaskGroup(TaskGroup):
    """A group that was expanded."""

    __module__ = "airflow.sdk.definitions.taskgroup"

    def __init__(self, *, expand_input, **kwargs):
        super().__init__(**kwargs)
        self.expand_input = expand_input

    def __exit__(self, exc_type, exc_value, tb):
        from .xcom_arg import references

        if exc_type is None:
            for operator in references(self.expand_input[1]):
                self.set_upstream(operator)
        super().__exit__(exc_type, exc_value, tb)
