"""Kubernetes objects as plain values, in the API's spelling."""
SPECIAL = {
    "host_ip": "hostIP", "pod_ip": "podIP", "cluster_ip": "clusterIP", "host_pid": "hostPID", "host_ipc": "hostIPC",
    "pod_i_ps": "podIPs", "host_i_ps": "hostIPs", "external_i_ps": "externalIPs", "cluster_i_ps": "clusterIPs",
    "se_linux_options": "seLinuxOptions", "_from": "from", "_continue": "continue", "_exec": "exec",
    "load_balancer_ip": "loadBalancerIP", "set_hostname_as_fqdn": "setHostnameAsFQDN", "_not": "not",
    "volume_id": "volumeID", "disk_uri": "diskURI", "pd_id": "pdID", "pd_name": "pdName",
    "scale_io": "scaleIO", "_default": "default", "target_ww_ns": "targetWWNs", "external_id": "externalID",
    "storage_policy_id": "storagePolicyID", "non_resource_ur_ls": "nonResourceURLs", "pod_cid_rs": "podCIDRs",
}


def camel(name):
    """`api_version` to `apiVersion`."""
    if name in SPECIAL:
        return SPECIAL[name]
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def plain(item):
    """A V1 object, of the real client or of the stand-in, without its empty fields."""
    names = getattr(item, "attribute_map", None)
    if isinstance(names, dict) and hasattr(item, "openapi_types"):
        return {key: deep(getattr(item, name)) for name, key in names.items() if getattr(item, name) is not None}
    if hasattr(item, "_given"):
        return {camel(k): deep(v) for k, v in item._given().items() if v is not None}
    return item


def deep(value):
    if isinstance(value, (list, tuple)):
        return [deep(v) for v in value]
    if isinstance(value, dict):
        return {k: deep(v) for k, v in value.items()}
    return plain(value)
