//! `pods show` and `pods health`: what was recorded of a pod, and what is known of the clusters.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{mask::Mask, shell::Shell};
use crate::{
    error::{Error, Result},
    model::{
        pod_life, quantity,
        spec_diff::SpecChange,
        time::rfc3339,
        usage::{Usage, asked_and_peak},
    },
    store::{
        pages,
        screens::{
            pod::{self, ContainerRow, PodDetail, SpecDiff, TaskUse},
            pods,
        },
    },
};

/// `pods show`; its exit code.
///
/// # Errors
/// `NotFound` for an unknown pod.
pub fn show(name: &str, only_diff: bool, shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let (mut document, detail) = found(&conn, name)?;
    let mask = shell.mask(&conn)?;
    let [diff, try_diff] = [&detail.diff, &detail.try_diff].map(|diff| diff.clone().map(|diff| masked(diff, &mask)));
    if only_diff {
        return show_diff(&detail, diff, shell);
    }
    let fields = [
        (
            "phases",
            detail.phases.iter().map(|p| json!({"name": p.name, "at": rfc3339(p.at), "note": p.note})).collect(),
        ),
        ("containers", detail.containers.iter().map(container).collect()),
        ("task_use", detail.task_use.iter().map(task_use).collect()),
        ("diff", diff.as_ref().map_or(Value::Null, diff_document)),
        ("try_diff", try_diff.as_ref().map_or(Value::Null, diff_document)),
        ("failed_launches", detail.failed_launches.into()),
    ];
    if let Some(all) = document.as_object_mut() {
        all.shift_remove("id");
        all.extend(fields.map(|(name, value)| (name.to_string(), value)));
    }
    mask.hide_in_manifest(&mut document);
    if shell.format().is_document() {
        shell.document(&document)?;
    } else {
        let people = for_people(&document, &detail, (diff.as_ref(), try_diff.as_ref()));
        shell.show(&people)?;
    }
    Ok(0)
}

/// The newest pod of a name.
pub fn found(conn: &Connection, name: &str) -> Result<(Value, PodDetail)> {
    let missing = || {
        Error::not_found(format!("there is no pod {name:?}")).hint("`dagdeck pods list --all` names all that are known")
    };
    let document = pages::pod::show(conn, name)?.ok_or_else(missing)?;
    let detail = pod::load(conn, document["id"].as_i64().unwrap_or_default())?.ok_or_else(missing)?;
    Ok((document, detail))
}

/// What a person asks of a pod, a line each; the manifest is for `-o yaml`.
fn for_people(document: &Value, detail: &PodDetail, (diff, try_diff): (Option<&SpecDiff>, Option<&SpecDiff>)) -> Value {
    let mut out = Map::new();
    let kept = [
        "name",
        "namespace",
        "dag_id",
        "dag_run_id",
        "task_id",
        "map_index",
        "try_number",
        "kind",
        "state",
        "node",
        "why",
        "uid",
        "image_id",
    ];
    for name in kept {
        out.insert(name.into(), document[name].clone());
    }
    out.insert("phases".into(), pod_life::line(&detail.phases).into());
    for phase in detail.phases.iter().filter(|p| p.name == "pulled" && !p.note.is_empty()) {
        out.insert("images".into(), phase.note.clone().into());
    }
    for c in &detail.containers {
        let kind = if c.is_init { "init container" } else { "container" };
        out.insert(format!("{kind} {}", c.name), container_line(c).into());
    }
    for used in &detail.task_use {
        out.insert(format!("task's {} so far", used.container), use_line(used).into());
    }
    if detail.failed_launches > 0 {
        out.insert("failed_launches".into(), detail.failed_launches.into());
    }
    out.insert("result".into(), document["result"].clone());
    let against = diff.map_or_else(
        || "no earlier success is known".into(),
        |diff| {
            let (count, name) = (diff.count(), &detail.row.name);
            format!("{count} fields differ from pod {} of {} (pods show {name} --diff)", diff.pod, diff.run.run_id)
        },
    );
    out.insert("last success".into(), against.into());
    if let Some(diff) = try_diff {
        let fields: Vec<String> = diff.changes.iter().map(SpecChange::line).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join("; ")) };
        let text = format!("{} fields differ from its pod {}{fields}", diff.count(), diff.pod);
        out.insert(format!("try {}", diff.try_number), text.into());
    }
    Value::Object(out)
}

fn container_line(c: &ContainerRow) -> String {
    let state = if c.state.is_empty() { "not there yet" } else { c.state.as_str() };
    let mut words = vec![[state, c.reason.as_str()].join(" ").trim().to_string()];
    words.extend(c.exit_code.map(|code| format!("exit code {code}")));
    words.extend((c.restarts > 0).then(|| format!("{} restarts", c.restarts)));
    for resource in ["memory", "cpu"] {
        let (asked, limit) = c.asked.get(resource);
        let peak = c.usage.as_ref().map(|u| if resource == "memory" { u.memory.peak } else { u.cpu.peak });
        let limit = limit.filter(|limit| Some(*limit) != asked).map(|l| format!(", limit {l}")).unwrap_or_default();
        words.extend(asked_and_peak(resource, asked, peak).map(|text| format!("{resource}: {text}{limit}")));
    }
    words.join("; ")
}

/// `memory: asked 48Gi, peak 31Gi; cpu: asked 8, peak 7.9; over 12 pods`.
pub fn use_line(used: &TaskUse) -> String {
    let of =
        |resource: &str, peak| asked_and_peak(resource, used.asked.get(resource).0, Some(peak)).unwrap_or_default();
    let (memory, cpu) = (of("memory", used.memory_peak), of("cpu", used.cpu_peak));
    let pods = if used.pods == 1 { "1 pod".to_string() } else { format!("{} pods", used.pods) };
    format!("memory: {memory}; cpu: {cpu}; over {pods}")
}

fn container(c: &ContainerRow) -> Value {
    let resources: Map<String, Value> = c
        .asked
        .resources
        .iter()
        .map(|(name, request, limit)| (name.clone(), json!({"request": request, "limit": limit})))
        .collect();
    let time = |at: Option<i64>| at.and_then(|at| jiff::Timestamp::from_microsecond(at).ok()).map(rfc3339);
    json!({
        "name": c.name, "is_init": c.is_init, "image": c.image, "image_id": c.image_id, "state": c.state,
        "reason": c.reason, "message": c.message, "exit_code": c.exit_code, "restarts": c.restarts,
        "started_at": time(c.started), "finished_at": time(c.finished), "resources": resources,
        "usage": c.usage.as_ref().map(usage),
    })
}

/// Cores, and bytes.
fn usage(used: &Usage) -> Value {
    let points: Vec<Value> = used
        .points
        .iter()
        .map(|p| {
            let at = jiff::Timestamp::from_microsecond(p.at).map(rfc3339).unwrap_or_default();
            json!({"at": at, "cpu": p.cpu, "memory": p.memory})
        })
        .collect();
    json!({
        "first_at": rfc3339(used.first_at), "last_at": rfc3339(used.last_at), "samples": used.samples,
        "cpu": used.cpu, "memory": used.memory, "points": points,
    })
}

/// What a task's container asked for and used, as a document.
pub fn task_use(used: &TaskUse) -> Value {
    let of = |resource: &str| used.asked.get(resource);
    json!({
        "container": used.container, "pods": used.pods,
        "memory_request": of("memory").0, "memory_limit": of("memory").1,
        "memory_peak": used.memory_peak, "memory_median": used.memory_median,
        "cpu_request": of("cpu").0, "cpu_limit": of("cpu").1, "cpu_peak": used.cpu_peak, "cpu_median": used.cpu_median,
        "last_at": jiff::Timestamp::from_microsecond(used.last_at).map(rfc3339).ok(), "summary": use_line(used),
    })
}

fn masked(mut diff: SpecDiff, mask: &Mask) -> SpecDiff {
    for change in &mut diff.changes {
        if mask.is_sensitive(&change.name) {
            change.mask();
        }
        for side in [&mut change.before, &mut change.after].into_iter().flatten() {
            if let Some(hidden) = mask.hide_text(side) {
                *side = hidden;
            }
        }
    }
    diff
}

fn diff_document(diff: &SpecDiff) -> Value {
    let changes: Vec<Value> =
        diff.changes.iter().map(|c| json!({"path": c.path, "before": c.before, "after": c.after})).collect();
    json!({
        "pod": diff.pod, "dag_run_id": diff.run.run_id, "try_number": diff.try_number,
        "image_id": diff.digest.as_ref().map(|(then, now)| json!({"before": then, "after": now})), "changes": changes,
    })
}

fn show_diff(detail: &PodDetail, diff: Option<SpecDiff>, shell: &mut Shell) -> Result<i32> {
    if shell.format().is_document() {
        shell.document(&diff.as_ref().map_or(Value::Null, diff_document))?;
        return Ok(0);
    }
    let Some(diff) = diff else {
        let ti = &detail.row.ti;
        shell.say(&format!("{} of {} has no earlier pod of a try that succeeded", ti.label(), ti.run.dag_id))?;
        return Ok(0);
    };
    shell.say(&format!(
        "against pod {} of run {} (try {}), which succeeded",
        diff.pod, diff.run.run_id, diff.try_number
    ))?;
    if let Some((then, now)) = &diff.digest {
        shell.line(&format!("image digest: {then} -> {now}"))?;
    }
    for change in &diff.changes {
        shell.line(&change.line())?;
    }
    if diff.changes.is_empty() && diff.digest.is_none() {
        shell.say("nothing differs")?;
    }
    Ok(0)
}

/// `pods health`; its exit code.
///
/// # Errors
/// `System` if the store can't be read.
pub fn health(shell: &mut Shell) -> Result<i32> {
    let conn = shell.store()?;
    let known = pods::clusters(&conn)?;
    let watched: Vec<Value> = known
        .health
        .iter()
        .map(|h| {
            json!({"cluster": h.cluster, "namespace": h.namespace, "what": h.what, "state": h.state,
                   "since": rfc3339(h.since), "message": h.message})
        })
        .collect();
    let quotas: Vec<Value> = known
        .quotas
        .iter()
        .map(|q| {
            let at = jiff::Timestamp::from_microsecond(q.at).map(rfc3339).ok();
            json!({"cluster": q.cluster, "namespace": q.namespace, "quota": q.quota.name, "resource": q.quota.resource,
                   "used": q.quota.used, "hard": q.quota.hard, "at": at, "is_full": is_full(&q.quota.used, &q.quota.hard)})
        })
        .collect();
    let requests: Vec<Value> = known
        .traffic
        .iter()
        .map(|t| {
            json!({"cluster": t.cluster, "since": rfc3339(t.since), "requests": t.requests, "throttled": t.throttled,
                   "failed": t.failed})
        })
        .collect();
    if shell.format().is_document() {
        shell.document(&json!({"watched": watched, "quotas": quotas, "requests": requests}))?;
        return Ok(0);
    }
    if watched.is_empty() {
        let no_pod = "no task has had a pod yet";
        shell.say(if known.had_pods { "no cluster was asked since the scheduler began" } else { no_pod })?;
        return Ok(0);
    }
    shell.show_rows(watched, &["cluster", "namespace", "what", "state", "since", "message"])?;
    for (rows, columns) in [
        (quotas, vec!["cluster", "namespace", "quota", "resource", "used", "hard", "at"]),
        (requests, vec!["cluster", "since", "requests", "throttled", "failed"]),
    ] {
        if !rows.is_empty() {
            shell.line("")?;
            shell.show_rows(rows, &columns)?;
        }
    }
    Ok(0)
}

fn is_full(used: &str, hard: &str) -> bool {
    quantity::parse(used).zip(quantity::parse(hard)).is_some_and(|(used, hard)| used >= hard)
}
