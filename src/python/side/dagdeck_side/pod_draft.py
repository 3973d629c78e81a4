"""A process that puts a task's pod together as a try does, for a person who wants to see it: the pod is never made."""
from .run import Try


class Draft(Try):
    """The task up to its question for the pod; hooks, listeners and an `execute` of the author's own are left out."""

    def attempt(self):
        from airflow.standin import op_pod, pod_client

        # whoever changes the manifest may not reach the cluster meanwhile
        pod_client.client_of = lambda task: pod_client.NoClient("isn't there: a pod that is only rendered is not in any cluster")
        self.prepare()
        self.export()
        task = self.task
        execute = type(task).execute
        if not execute.__module__.startswith("airflow.standin."):
            self.channel.log("warning", "task", f"execute() of {type(task).__name__} is not called here: what it changes "
                                                "of the pod is not shown")
            execute = op_pod.KubernetesPodOperator.execute
        execute(task, self.context)
        raise RuntimeError("the task asked for no pod")

    def call_back(self, name, new_state, error):
        pass

    def listen(self, what, error=None):
        pass
