//! Pods and jobs that only a lost row knew: after a power cut the store may have forgotten the last moment, and with it what
//! was made then. A scheduler looks for them once, when it starts, wherever its rows say that it made pods.

use super::core::Engine;
use crate::{
    error::{Result, say},
    executor::kubernetes::{Access, Cluster, OWNER, Request, Stray},
    model::{Pod, TiKey},
    secrets, store,
    store::load,
};

/// What is done with one.
enum Fate {
    /// A row knows it after all.
    Known,
    /// It stays, for this reason.
    Stays(&'static str),
    /// Nobody waits for it.
    Goes,
}

impl Engine {
    /// Has the clusters looked at.
    pub(super) fn survey_clusters(&mut self) -> Result<()> {
        let mut places: Vec<(Cluster, String)> = Vec::new();
        for (access, namespace) in store::pod::places(self.store.reader())? {
            let Ok(access) = serde_json::from_value::<Access>(access) else { continue };
            let connection = match &access.conn_id {
                Some(id) => secrets::connection(self.store.reader(), id)?,
                None => None,
            };
            // A connection that is gone leads nowhere any more.
            let Ok((cluster, _)) = access.resolve(connection.as_ref()) else { continue };
            if !places.contains(&(cluster.clone(), namespace.clone())) {
                places.push((cluster, namespace));
            }
        }
        let home = self.home_mark();
        let survey = |(cluster, namespace)| Request::Survey { cluster, namespace, home: home.clone() };
        self.pods.to_send.extend(places.into_iter().map(survey));
        Ok(())
    }

    /// Decides about what was found.
    pub(super) fn judge_strays(&mut self, cluster: &Cluster, namespace: &str, found: Vec<Stray>) {
        for stray in found {
            let what = format!("{} {} in {namespace}", if stray.is_job { "job" } else { "pod" }, stray.name);
            let whose = format!("task {} of run {} of {}", stray.task_id, stray.run_id, stray.dag_id);
            match self.fate(namespace, &stray) {
                Ok(Fate::Known) => {}
                Ok(Fate::Stays(why)) => say(format_args!("scheduler: {what} ({whose}) is in no row; it stays: {why}")),
                Ok(Fate::Goes) => {
                    say(format_args!(
                        "scheduler: {what} ({whose}) is in no row, and nobody waits for it: it is deleted"
                    ));
                    let (cluster, namespace) = (cluster.clone(), namespace.to_string());
                    self.pods.to_send.push(Request::Remove { cluster, namespace, stray: Box::new(stray) });
                }
                Err(e) => say(format_args!("scheduler: {what}: {e}")),
            }
        }
    }

    fn fate(&self, namespace: &str, stray: &Stray) -> Result<Fate> {
        let db = self.store.reader();
        let knows = |pod: &Pod| match &pod.uid {
            Some(uid) => *uid == stray.uid,
            None => pod.manifest["metadata"]["annotations"][OWNER] == stray.mark.as_str(),
        };
        if store::pod::at(db, namespace, &stray.name)?.iter().any(knows) {
            return Ok(Fate::Known);
        }
        if stray.is_kept {
            return Ok(Fate::Stays("on_kill_action is keep_pod"));
        }
        let Some(run) = store::run::find(db, &stray.dag_id, &stray.run_id)? else { return Ok(Fate::Goes) };
        let key = TiKey::new(run.id, stray.task_id.clone(), stray.map_index);
        let goes_on = load::instance(db, &key)?.is_some_and(|row| !row.state.is_finished());
        if goes_on && stray.is_durable {
            return Ok(Fate::Stays("the task's next try takes it up"));
        }
        Ok(Fate::Goes)
    }
}
