//! Effective priorities: own weight plus those of everything below or above.

use std::{collections::HashMap, sync::Arc};

use crate::model::{Dag, WeightRule};

/// The effective weight of each task by its weight rule. Distinct relatives count once, so a set of them is kept per task.
pub fn effective_weights(dag: &Dag) -> HashMap<Arc<str>, i64> {
    let uses = |rule| dag.tasks.values().any(|t| t.weight_rule == rule);
    let below = if uses(WeightRule::Downstream) { sums(dag, false) } else { Vec::new() };
    let above = if uses(WeightRule::Upstream) { sums(dag, true) } else { Vec::new() };
    dag.tasks
        .values()
        .enumerate()
        .map(|(i, task)| {
            let others = match task.weight_rule {
                WeightRule::Downstream => below[i],
                WeightRule::Upstream => above[i],
                WeightRule::Absolute => 0,
            };
            let own = task.priority_weight.saturating_add(others);
            (task.task_id.clone(), task.weight_strategy.as_ref().map_or(own, |strategy| strategy.weight))
        })
        .collect()
}

/// For each task the sum of the weights of all tasks transitively below (or above) it.
fn sums(dag: &Dag, upstream: bool) -> Vec<i64> {
    let count = dag.tasks.len();
    let next: Vec<Vec<usize>> = dag
        .tasks
        .values()
        .map(|t| if upstream { &t.upstream_task_ids } else { &t.downstream_task_ids })
        .map(|ids| ids.iter().filter_map(|id| dag.tasks.get_index_of(id)).collect())
        .collect();
    let words = count.div_ceil(64);
    let mut sets = vec![0u64; words * count];
    let mut result = vec![0i64; count];
    for node in relatives_first(&next) {
        for &other in &next[node] {
            if other == node {
                continue;
            }
            for word in 0..words {
                let bits = sets[other * words + word];
                sets[node * words + word] |= bits;
            }
            sets[node * words + other / 64] |= 1 << (other % 64);
        }
        let mut sum = 0i64;
        for word in 0..words {
            let mut bits = sets[node * words + word];
            while bits != 0 {
                let other = word * 64 + bits.trailing_zeros() as usize;
                sum = sum.saturating_add(dag.tasks[other].priority_weight);
                bits &= bits - 1;
            }
        }
        result[node] = sum;
    }
    result
}

/// Node order in which everything that `next` leads to comes first. Nodes on a cycle come in some order.
fn relatives_first(next: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(next.len());
    let mut seen = vec![false; next.len()];
    for start in 0..next.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut path = vec![(start, 0)];
        while let Some((node, at)) = path.last_mut() {
            if let Some(&child) = next[*node].get(*at) {
                *at += 1;
                if !seen[child] {
                    seen[child] = true;
                    path.push((child, 0));
                }
            } else {
                order.push(*node);
                path.pop();
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_adds_up() {
        let mut dag: Dag = serde_json::from_str(r#"{"dag_id": "d"}"#).unwrap();
        for i in 0..1000 {
            let up = if i == 0 { vec![] } else { vec![format!("t{}", i - 1)] };
            let task =
                serde_json::json!({"task_id": format!("t{i}"), "operator": "BashOperator", "upstream_task_ids": up});
            let task: crate::model::Task = serde_json::from_value(task).unwrap();
            dag.tasks.insert(task.task_id.clone(), task);
        }
        dag.link();
        let weights = effective_weights(&dag);
        assert_eq!((weights["t0"], weights["t500"], weights["t999"]), (1000, 500, 1));
    }
}
