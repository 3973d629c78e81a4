"""`ResumableJobMixin`: an operator that finds the job of its last try again instead of starting another."""


class ResumableJobMixin:
    """Subclasses say how a job is started, asked and waited for; its id is kept in the task's state store."""

    external_id_key = "remote_job_id"

    def __init__(self, *, durable=True, **kwargs):
        super().__init__(**kwargs)
        self.durable = durable

    def execute_resumable(self, context):
        store = context.get("task_state_store") if self.durable else None
        known = store.get(self.external_id_key) if store is not None else None
        if known:
            status = self.get_job_status(known, context)
            if self.is_job_active(status):
                self.log.info("Reconnecting to existing job %s (%s)", known, status)
                return self.poll_until_complete(known, context)
            if self.is_job_succeeded(status):
                self.log.info("Job %s already completed successfully, skipping resubmission", known)
                return self.get_job_result(known, context)
            self.log.warning("Prior job %s is in the terminal state %s, resubmitting fresh", known, status)
        made = self.submit_job(context)
        if store is not None and made is not None:
            store.set(self.external_id_key, made)
        self.poll_until_complete(made, context)
        return self.get_job_result(made, context)

    def submit_job(self, context):
        raise NotImplementedError

    def get_job_status(self, external_id, context):
        raise NotImplementedError

    def is_job_active(self, status):
        raise NotImplementedError

    def is_job_succeeded(self, status):
        raise NotImplementedError

    def poll_until_complete(self, external_id, context):
        raise NotImplementedError

    def get_job_result(self, external_id, context):
        raise NotImplementedError
