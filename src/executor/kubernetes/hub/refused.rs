//! Clusters that can't be asked at all, since their kubeconfig can't be used: how they are is told all the same.

use std::rc::Rc;

use jiff::Timestamp;

use super::{
    super::{Report, api::Api, cluster::Cluster, find::Pause},
    Hub,
};
use crate::{
    clock,
    error::{Error, Result},
    model::ClusterHealth,
};

/// What is wrong, in one line, without what to do.
pub fn reason(error: &Error) -> String {
    let text = error.to_string();
    text.split("\n  hint:").next().unwrap_or_default().replace('\n', " ")
}

impl Hub {
    /// As [`Hub::api`], for something that can't go on without: a cluster that can't be used is told as one that is away.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig.
    pub async fn api_needed(self: &Rc<Self>, cluster: &Cluster, namespace: &str) -> Result<Api> {
        let found = self.api(cluster, namespace).await;
        if let Err(e) = &found {
            let place = (cluster.clone(), namespace.to_string());
            if self.refused.borrow_mut().insert(place.clone()) {
                tokio::task::spawn_local(self.clone().await_use(place, reason(e), clock::now()));
            }
        }
        found
    }

    /// Looks again until it can be used; then its watch says how it is.
    async fn await_use(self: Rc<Self>, place: (Cluster, String), mut message: String, since: Timestamp) {
        let (cluster, namespace) = &place;
        let mut pause = Pause::default();
        self.tell_refused(&place, &message, since);
        loop {
            pause.wait().await;
            match self.api(cluster, namespace).await {
                Ok(api) => {
                    self.watch_of(cluster, namespace, &api);
                    self.refused.borrow_mut().remove(&place);
                    return;
                }
                Err(e) if reason(&e) != message => {
                    message = reason(&e);
                    self.tell_refused(&place, &message, since);
                }
                Err(_) => {}
            }
        }
    }

    fn tell_refused(&self, (cluster, namespace): &(Cluster, String), message: &str, since: Timestamp) {
        self.teller.tell(Report::Health(Box::new(ClusterHealth {
            cluster: cluster.name(),
            namespace: namespace.clone(),
            what: "pods".into(),
            state: "away".into(),
            since,
            message: message.into(),
        })));
    }
}
