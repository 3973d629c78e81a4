"""What the author's own code is told of a pod: `callbacks=` and `log_formatter=` of the operator (provider 10.25.0)."""
from . import pod_client, state
from .op_pod import ExecutionMode, KubernetesPodOperatorCallback


class Calls:
    """The calls about one pod. Each is made once, even if a scheduler that comes later wants it again."""

    def __init__(self, task, context):
        self.task, self.context = task, context
        given = task.callbacks or []
        self.callbacks = given if isinstance(given, list) else [given]
        self.formatter = task.log_formatter
        self.client = self.pod = self.raised = None
        self.pods, self.made = {}, {}
        # Lines of each container's last message, and those of them that a killed scheduler may not have written.
        self.shown, self.unwritten, self.newest = {}, {}, 0

    def make(self, message):
        """Makes a call; what came of it."""
        name, of = message["call"], message.get("of")
        if message["n"] <= self.newest:
            # Another scheduler, which counts from the beginning.
            for place, lines in self.shown.items():
                self.unwritten.setdefault(place, {}).update(lines)
            self.shown = {}
        self.newest = message["n"]
        done = self.made.get((name, of))
        if done is None:
            try:
                done = self.lines(message) if name == "lines" else self.tell(name, message["pod"])
            except Exception as error:
                done = {"error": self.failure(name, error)}
            if name != "lines":
                self.made[name, of] = done
        return {**done, "n": message["n"]}

    def failure(self, method, error):
        from dagdeck_side import errors

        if self.raised is None:
            self.raised = error
        state.channel.log("error", "task", f"{method} of callbacks= raised {type(error).__name__}", errors.stack(error))
        return {"method": method, "exception": type(error).__name__, "summary": errors.short(error)}

    def tell(self, method, plain):
        """Calls a method of every callback about the pod."""
        from dagdeck_side.pods import build, plain as plain_of

        if self.callbacks and self.client is None:
            self.client = pod_client.client_of(self.task)
            for one in self.callbacks:
                one.on_sync_client_creation(client=self.client, operator=self.task)
        if method == "on_sync_client_creation":
            return {}
        pod = build("V1Pod", plain)
        if method == "on_pod_creation":
            self.pod = pod
        name = "pod_request" if method == "on_pod_manifest_created" else "pod"
        for one in self.callbacks:
            getattr(one, method)(client=self.client, mode=ExecutionMode.SYNC, operator=self.task, context=self.context,
                                 **{name: pod})
        if method != "on_pod_manifest_created":
            return {}
        self.task.pod_request_obj = pod
        return {"pod": plain_of(pod), "shows_lines": self.shows_lines()}

    def shows_lines(self):
        """Whether anybody wants to see the lines."""
        nothing = KubernetesPodOperatorCallback.progress_callback
        return self.formatter is not None or any(
            getattr(one, "progress_callback", None) is not nothing for one in self.callbacks)

    def lines(self, message):
        """Shows lines to whom they are for; what is to be written in their place."""
        from dagdeck_side.context import moment
        from dagdeck_side.pods import build

        container, texts = message["container"], []
        if not self.shows_lines():
            return {"texts": texts, "deaf": True}
        pod, of = self.pod, message.get("of")
        if of is not None:
            if message["pod"]:
                self.pods[of] = build("V1Pod", message["pod"])
            pod = self.pods[of]
        shown = self.shown[container, of] = {}
        unwritten = self.unwritten.get((container, of), {})
        try:
            for time, text in message["lines"]:
                line = time, text
                if line in unwritten:
                    written = unwritten.pop(line)
                else:
                    method = "progress_callback"
                    for one in self.callbacks if text else ():
                        one.progress_callback(line=text, client=self.client, mode=ExecutionMode.SYNC,
                                              container_name=container, timestamp=moment(time), pod=pod)
                    method = "log_formatter"
                    marks = text.startswith(("::group::", "::endgroup::"))
                    written = None if self.formatter is None or marks else str(self.formatter(container, text))
                shown[line] = written
                texts.append(written)
        except Exception as error:
            return {"texts": texts, "error": self.failure(method, error)}
        return {"texts": texts}
