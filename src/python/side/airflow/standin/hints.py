"""What to write instead of an import that isn't there."""
import difflib

SPARK = "dagdeck has no Spark operators: make the SparkApplication with KubernetesCreateResourceOperator(" \
        "custom_resource_definition=True), or run spark-submit in a KubernetesPodOperator"
KUEUE = "dagdeck doesn't install Kueue: apply its release's manifests.yaml, once, with kubectl or with " \
        "KubernetesCreateResourceOperator(yaml_conf_file=...)"
FIXED = {
    "airflow.providers.cncf.kubernetes.operators.spark_kubernetes": SPARK,
    "airflow.providers.cncf.kubernetes.sensors.spark_kubernetes": SPARK,
    "airflow.operators.subdag": "sub-DAGs were removed from Airflow; use TaskGroup from airflow.sdk",
    "airflow.operators.subdag_operator": "sub-DAGs were removed from Airflow; use TaskGroup from airflow.sdk",
    "airflow.contrib": "airflow.contrib was removed; use the provider's module",
    "airflow.kubernetes": "use kubernetes.client.models, and airflow.providers.cncf.kubernetes.secret",
}


def hint(module, name):
    """A sentence, or None."""
    from .._modules import MODULES, OLD

    if name == "KubernetesInstallKueueOperator":
        return KUEUE
    for prefix, text in FIXED.items():
        if module == prefix or module.startswith(prefix + "."):
            return text
    if name is not None:
        for place in ("airflow.sdk", *MODULES):
            if name in MODULES[place] and MODULES[place][name][0] != "~" and MODULES[place][name] != "inside":
                return f"from {place} import {name}"
        names = MODULES.get(module) or MODULES.get(OLD.get(module), {})
        near = difflib.get_close_matches(name, names, 1)
        if near:
            return f"did you mean {near[0]}?"
        return None
    if module.startswith("airflow.providers."):
        parts = module.split(".")
        known = [m for m in MODULES if m.startswith(".".join(parts[:3]) + ".")]
        near = difflib.get_close_matches(module, known, 1, 0.8)
        if near:
            return f"did you mean {near[0]}?"
        return f"dagdeck has no {'.'.join(parts[2:3])} provider module {module!r}; operators of your own work: " \
               "subclass airflow.sdk.BaseOperator"
    near = difflib.get_close_matches(module, [*MODULES, *OLD], 1, 0.75)
    return f"did you mean {OLD.get(near[0], near[0])}?" if near else "see airflow.sdk for the public names"
