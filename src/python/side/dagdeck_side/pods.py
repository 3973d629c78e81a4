"""Kubernetes objects as plain values in the API's spelling, and back."""
from kubernetes_standin.client.fields import CLASSES, SPELLED, camel

# What of an object is a template where the object stands in a template field (provider 10.25.0).
TEMPLATED = {
    "V1EnvVar": ("value", "name"), "V1ResourceRequirements": ("limits", "requests"),
    "V1Volume": ("name", "persistent_volume_claim", "config_map"), "V1VolumeMount": ("name", "sub_path"),
    "V1PersistentVolumeClaimVolumeSource": ("claim_name",), "V1ConfigMapVolumeSource": ("name",),
    "V1EnvFromSource": ("config_map_ref",), "V1ConfigMapEnvSource": ("name",),
}


def plain(item):
    """A V1 object, of the real client or of the stand-in, without its empty fields; anything else as it is."""
    names = getattr(item, "attribute_map", None)
    if isinstance(names, dict) and hasattr(item, "openapi_types"):
        return {key: deep(getattr(item, name)) for name, key in names.items() if getattr(item, name) is not None}
    if hasattr(item, "_given"):
        return {SPELLED.get(k) or camel(k): deep(v) for k, v in item._given().items() if v is not None}
    return item


def deep(value):
    """A value with all V1 objects in it as plain ones."""
    if isinstance(value, (list, tuple)):
        return [deep(v) for v in value]
    if isinstance(value, dict):
        return {k: deep(v) for k, v in value.items()}
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return plain(value)


def build(kind, value):
    """The V1 object of a plain value; `kind` as in the table of fields. What the installed client doesn't know is left out."""
    if value is None:
        return None
    if kind[0] == "[":
        return [build(kind[1:-1], v) for v in value]
    if kind == "datetime" and isinstance(value, str):
        from .context import moment

        return moment(value)
    if kind not in CLASSES or not isinstance(value, dict):
        return value
    from kubernetes.client import models

    made = getattr(models, kind)
    known = getattr(made, "openapi_types", CLASSES[kind])
    fields = {name: field for name, field in CLASSES[kind].items() if name in known and value.get(field[0]) is not None}
    return made(**{name: build(field[1], value[field[0]]) for name, field in fields.items()})
