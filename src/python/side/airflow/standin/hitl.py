"""Operators that ask a person: what is asked goes to the scheduler, and the task waits in `awaiting_input`."""
from . import exceptions as ex
from . import state
from .op_python import BranchMixIn
from .operator import BaseOperator
from .param import ParamsDict
from .skipping import SkipMixin

_MODULE = "airflow.providers.standard.operators.hitl"


class HITLOperator(BaseOperator):
    """Asks for one option (or several), and for values of a form."""

    __module__ = _MODULE
    template_fields = ("subject", "body")

    def __init__(self, *, subject, options, body=None, defaults=None, multiple=False, params=None, notifiers=None,
                 assigned_users=None, response_timeout=None, **kwargs):
        super().__init__(**kwargs)
        if self.execution_timeout and not response_timeout:
            state.warn("execution_timeout= as the time limit of the answer is deprecated", "response_timeout=...")
            response_timeout, self.execution_timeout = self.execution_timeout, None
        self.response_timeout, self.subject, self.body, self.options = response_timeout, subject, body, options
        self.defaults = [defaults] if isinstance(defaults, str) else defaults
        self.multiple = multiple
        self.params = params if isinstance(params, ParamsDict) else ParamsDict(params or {})
        if notifiers is None:
            notifiers = []
        self.notifiers = list(notifiers) if isinstance(notifiers, (list, tuple)) else [notifiers]
        self.assigned_users = [assigned_users] if isinstance(assigned_users, dict) else assigned_users
        self.hitl_summary_extra = {}
        self.validate_options()
        self.validate_params()
        self.validate_defaults()

    @property
    def hitl_summary(self):
        return {"subject": self.subject, "body": self.body, "options": self.options, "defaults": self.defaults,
                "multiple": self.multiple, "assigned_users": self.assigned_users,
                "serialized_params": self.serialized_params or None, **self.hitl_summary_extra}

    def validate_options(self):
        if not self.options:
            raise ValueError('"options" cannot be empty.')

    def validate_params(self):
        if "_options" in self.params:
            raise ValueError('"_options" is not allowed in params')

    def validate_defaults(self):
        if self.defaults is None:
            return
        if not set(self.defaults).issubset(self.options):
            raise ValueError(f'defaults "{self.defaults}" should be a subset of options "{self.options}"')
        if not self.multiple and len(self.defaults) > 1:
            raise ValueError('More than one defaults given when "multiple" is set to False.')

    @property
    def serialized_params(self):
        return {name: {**self.params.get_param(name).dump(), "required": not self.params.get_param(name).has_value}
                for name in self.params}

    def execute(self, context):
        from dagdeck_side.xcom import serialize

        state.channel.ask({
            "type": "CreateHITLDetailPayload", "subject": self.subject, "body": self.body,
            "options": list(self.options), "defaults": self.defaults, "multiple": bool(self.multiple),
            "params": serialize(self.serialized_params), "assigned_users": serialize(list(self.assigned_users or ()))})
        self.log.info("Waiting for response")
        for notifier in self.notifiers:
            notifier(context)
        raise ex.TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)

    def execute_complete(self, context, event):
        if "error" in event:
            self.process_trigger_event_error(event)
        chosen, given = event["chosen_options"], event["params_input"] or {}
        self.validate_chosen_options(chosen)
        self.validate_params_input(given)
        return {"chosen_options": chosen, "params_input": given, "responded_at": event["responded_at"],
                "responded_by_user": event["responded_by_user"]}

    def process_trigger_event_error(self, event):
        raise ex.HITLTimeoutError(event) if event["error_type"] == "timeout" else ex.HITLTriggerEventError(event)

    def validate_chosen_options(self, chosen_options):
        unknown = set(chosen_options) - set(self.options)
        if unknown:
            raise ValueError(f"Responses {unknown} not in {self.options}")

    def validate_params_input(self, params_input):
        if self.params and params_input and set(self.params) ^ set(params_input):
            raise ValueError(f"params_input {params_input} does not match params {self.params}")
        for name, value in params_input.items():
            self.params[name] = value

    def generate_link_to_ui(self, *, task_instance, base_url=None, options=None, params_input=None):
        """A link to Airflow's page for the answer; here, `dagdeck hitl answer` is the way."""
        from urllib.parse import urlencode, urlparse, urlunparse

        options = [options] if isinstance(options, str) else options
        query = {}
        if options:
            unknown = set(options) - set(self.options)
            if unknown:
                raise ValueError(f"options {unknown} are not valid options")
            query["_options"] = options
        if params_input:
            unknown = set(params_input) - set(self.params)
            if unknown:
                raise ValueError(f"params {unknown} are not valid params")
            query.update(params_input)
        if not base_url:
            raise ValueError("Not able to retrieve base_url")
        query["map_index"] = task_instance.map_index
        base = urlparse(base_url)
        path = (f"/dags/{task_instance.dag_id}/runs/{task_instance.run_id}/tasks/{task_instance.task_id}"
                "/required_actions")
        return urlunparse((base.scheme, base.netloc, path, "", urlencode(query), ""))

    @staticmethod
    def generate_link_to_ui_from_context(*, context, base_url=None, options=None, params_input=None):
        task = context["task"]
        if not isinstance(task, HITLOperator):
            raise ValueError("This method only supports HITLOperator")
        return task.generate_link_to_ui(task_instance=context["task_instance"], base_url=base_url, options=options,
                                        params_input=params_input)


class ApprovalOperator(HITLOperator, SkipMixin):
    """Approve or Reject; a rejection skips what is below, or fails."""

    __module__ = _MODULE
    inherits_from_skipmixin = True
    FIXED_ARGS = ["options", "multiple"]
    APPROVE, REJECT = "Approve", "Reject"

    def __init__(self, *, ignore_downstream_trigger_rules=False, fail_on_reject=False, **kwargs):
        for name in self.FIXED_ARGS:
            if name in kwargs:
                raise ValueError(f"Passing {name} to ApprovalOperator is not allowed.")
        self.ignore_downstream_trigger_rules, self.fail_on_reject = ignore_downstream_trigger_rules, fail_on_reject
        super().__init__(options=[self.APPROVE, self.REJECT], multiple=False, **kwargs)

    def execute_complete(self, context, event):
        result = super().execute_complete(context, event)
        if result["chosen_options"][0] == self.APPROVE:
            self.log.info("Approved. Proceeding with downstream tasks...")
            return result
        if self.fail_on_reject:
            raise ex.HITLRejectException('Receive "Reject"')
        if not self.downstream_task_ids:
            return result
        self.log.info("Skipping downstream tasks")
        below = self.get_flat_relatives(upstream=False) if self.ignore_downstream_trigger_rules else \
            self.get_direct_relatives(upstream=False)
        self.skip(ti=context["ti"], tasks=[t for t in below if not t.is_teardown])
        return result


class HITLBranchOperator(HITLOperator, BranchMixIn):
    """The chosen options are the tasks that are followed."""

    __module__ = _MODULE
    inherits_from_skipmixin = True

    def __init__(self, *, options_mapping=None, **kwargs):
        super().__init__(**kwargs)
        self.options_mapping = options_mapping or {}
        self.validate_options_mapping()

    def validate_options_mapping(self):
        unknown = set(self.options_mapping) - set(self.options)
        if unknown:
            raise ValueError(f"`options_mapping` contains keys that are not in `options`: {sorted(unknown)}")
        wrong = {k: (v, type(v).__name__) for k, v in self.options_mapping.items() if not isinstance(v, str)}
        if wrong:
            raise ValueError(f"`options_mapping` values must be strings (task_ids).\nInvalid entries: {wrong}")

    def execute_complete(self, context, event):
        chosen = super().execute_complete(context, event)["chosen_options"]
        return self.do_branch(context, [self.options_mapping.get(option, option) for option in chosen])


class HITLEntryOperator(HITLOperator):
    """Asks for the values of a form."""

    __module__ = _MODULE
    OK = "OK"

    def __init__(self, **kwargs):
        if "options" not in kwargs:
            kwargs["options"] = [self.OK]
            kwargs.setdefault("defaults", [self.OK])
        super().__init__(**kwargs)
