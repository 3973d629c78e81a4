"""`Variable` and `Connection`: answered by the supervisor, or by the environment while a file is parsed."""
import os

from . import state
from .state import NOTSET


def _ask(message):
    """The supervisor's answer, or None for a missing one."""
    from dagdeck_side.protocol import Refused

    try:
        return state.channel.ask(message)
    except Refused as refused:
        if refused.error in ("VARIABLE_NOT_FOUND", "CONNECTION_NOT_FOUND"):
            return None
        from .exceptions import AirflowRuntimeError

        raise AirflowRuntimeError(refused.error, refused.detail) from None


class Variable:
    """Values by key."""

    __module__ = "airflow.sdk.definitions.variable"

    @staticmethod
    def get(key, default=NOTSET, deserialize_json=False, default_var=NOTSET, **kwargs):
        if default_var is not NOTSET:
            if default is NOTSET:
                state.warn("Variable.get(default_var=) is the old spelling; default= is meant", "default=...")
            default = default_var
        found, value = Variable._find(key)
        if not found:
            if default is not NOTSET:
                return default
            if state.channel is None:
                error = KeyError(f"Variable {key} does not exist")
                error.hint = f"while a file is parsed only AIRFLOW_VAR_{key.upper()} is seen: give default=, or read it in a task"
                raise error
            from .exceptions import AirflowRuntimeError

            raise AirflowRuntimeError("VARIABLE_NOT_FOUND", {"message": f"Variable {key} not found"})
        if deserialize_json:
            import json

            return json.loads(value)
        return value

    @staticmethod
    def _find(key):
        if state.channel is None:
            value = os.environ.get("AIRFLOW_VAR_" + key.upper())
            return value is not None, value
        reply = _ask({"type": "GetVariable", "key": key})
        return (False, None) if reply is None else (True, reply.get("value"))

    @staticmethod
    def set(key, value, description=None, serialize_json=False, **kwargs):
        if serialize_json:
            import json

            text = json.dumps(value, indent=2)
        else:
            text = str(value)
        if state.channel is None:
            raise RuntimeError("Variable.set() can't be called while a DAG file is parsed; call it in a task")
        _ask({"type": "PutVariable", "key": key, "value": text, "description": description})

    @staticmethod
    def delete(key, **kwargs):
        if state.channel is None:
            raise RuntimeError("Variable.delete() can't be called while a DAG file is parsed; call it in a task")
        _ask({"type": "DeleteVariable", "key": key})

    @staticmethod
    def setdefault(key, default, description=None, deserialize_json=False):
        found = Variable.get(key, default=None, deserialize_json=deserialize_json)
        if found is None:
            Variable.set(key, default, description=description, serialize_json=deserialize_json)
            return default
        return found


class Connection:
    """Where and how to log in somewhere."""

    __module__ = "airflow.sdk.definitions.connection"

    def __init__(self, conn_id=None, conn_type=None, description=None, host=None, schema=None, login=None,
                 password=None, port=None, extra=None, uri=None, **kwargs):
        self.conn_id, self.conn_type, self.description, self.host = conn_id, conn_type, description, host
        self.schema, self.login, self.password = schema, login, password
        self.port = int(port) if port not in (None, "") else None
        if extra is not None and not isinstance(extra, str):
            import json

            extra = json.dumps(extra)
        self.extra = extra
        if uri:
            self._parse(uri)

    def _parse(self, uri):
        from urllib.parse import parse_qsl, unquote, urlsplit

        kind, _, rest = uri.partition("://")
        inner = ""
        if "://" in rest.split("?", 1)[0]:
            inner, _, rest = rest.partition("://")
        parts = urlsplit("//" + rest)
        self.conn_type = kind.replace("-", "_")
        if self.conn_type == "postgresql":
            self.conn_type = "postgres"
        host = unquote(parts.hostname) if parts.hostname else ""
        self.host = f"{inner}://{host}" if inner else host
        self.login = unquote(parts.username) if parts.username else parts.username
        self.password = unquote(parts.password) if parts.password else parts.password
        self.port = parts.port
        self.schema = unquote(parts.path[1:]) if len(parts.path) > 1 else ""
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query:
            import json

            self.extra = query["__extra__"] if "__extra__" in query else json.dumps(query)

    @property
    def extra_dejson(self):
        if not self.extra:
            return {}
        import json

        try:
            found = json.loads(self.extra)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def get_extra_dejson(self, nested=False):
        return self.extra_dejson

    def get_password(self):
        return self.password

    def get_extra(self):
        return self.extra

    def get_uri(self):
        """The URI form, as Airflow writes it."""
        from urllib.parse import quote, urlencode

        kind = (self.conn_type or "").lower().replace("_", "-")
        uri = f"{kind}://" if kind else "//"
        host = self.host or ""
        protocol = ""
        if "://" in host:
            protocol, host = host.split("://", 1)
            uri += f"{protocol}://"
        auth = ""
        if self.login is not None:
            auth = quote(self.login, safe="")
        if self.password is not None:
            auth += ":" + quote(self.password, safe="")
        block = f"{auth}@" if auth else ""
        if host:
            block += quote(host, safe="")
        if self.port:
            block += f":{self.port}" if block else f"@:{self.port}"
        if self.schema:
            block += "/" + quote(self.schema, safe="")
        uri += block
        if self.extra:
            extra = self.extra_dejson
            query = None
            try:
                query = urlencode(extra) if all(isinstance(v, str) for v in extra.values()) else None
            except TypeError:
                pass
            slash = "?" if self.schema else "/?"
            if extra and query is not None:
                uri += slash + query
            else:
                uri += slash + urlencode({"__extra__": self.extra})
        return uri

    @classmethod
    def get(cls, conn_id):
        return find_connection(conn_id)

    @classmethod
    def get_connection_from_secrets(cls, conn_id):
        return find_connection(conn_id)

    @classmethod
    async def async_get(cls, conn_id):
        """`get` for async functions."""
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(None, find_connection, conn_id)

    @classmethod
    def from_uri(cls, uri, conn_id=None):
        return cls(conn_id=conn_id, uri=uri)

    @classmethod
    def from_json(cls, value, conn_id=None):
        """A connection of its JSON form; `type` and `user` are old names."""
        import json

        fields = json.loads(value)
        fields["conn_type"] = (fields.get("conn_type") or "").replace("-", "_") or None
        return cls(conn_id=conn_id, **fields)

    def as_json(self):
        import json

        return json.dumps({k: v for k, v in self.to_dict(prune_empty=True).items() if k != "conn_id"})

    def get_hook(self, *, hook_params=None):
        from .exceptions import AirflowException

        raise AirflowException(f"dagdeck has no hook for the connection type {self.conn_type!r}")

    def as_dict(self):
        return {k: getattr(self, k) for k in ("conn_id", "conn_type", "description", "host", "login", "password",
                                              "schema", "port", "extra")}

    def to_dict(self, *, prune_empty=False, validate=True):
        """Its fields, with the extra as a dict."""
        fields = {**self.as_dict(), "extra": self.extra_dejson}
        return {k: v for k, v in fields.items() if v is not None and (k != "extra" or v)} if prune_empty else fields

    def __repr__(self):
        fields = {**self.as_dict(), "password": self.password and "***"}
        names = ("conn_id", "conn_type", "description", "host", "schema", "login", "password", "port", "extra")
        return f"Connection({', '.join(f'{name}={fields[name]!r}' for name in names)})"

    def __eq__(self, other):
        return isinstance(other, Connection) and self.as_dict() == other.as_dict()

    __hash__ = object.__hash__


def find_connection(conn_id):
    """The connection; Airflow's error if there is none."""
    if state.channel is None:
        text = os.environ.get("AIRFLOW_CONN_" + conn_id.upper())
        if text:
            return Connection.from_json(text, conn_id) if text.lstrip().startswith("{") else Connection.from_uri(text, conn_id)
    else:
        reply = _ask({"type": "GetConnection", "conn_id": conn_id})
        if reply is not None:
            return Connection(**{k: v for k, v in reply.items() if k not in ("type", "id")})
    from .exceptions import AirflowNotFoundException

    raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
