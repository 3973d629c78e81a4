//! The way into one cluster: its client, which is made anew when the API server doesn't take its credentials any more (a token
//! that was replaced before its time, a kubeconfig that was written anew).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{cluster::Cluster, traffic::Counts};
use crate::error::{Result, say};

/// Credentials are read again at most so often.
const AGAIN: Duration = Duration::from_secs(1);

/// A client that can be replaced while requests are made.
pub struct Door {
    cluster: Cluster,
    client: RefCell<kube::Client>,
    /// What is asked through it, whichever client does.
    counts: Arc<Counts>,
    /// When the client was made.
    made: Cell<Instant>,
    /// When its credentials were read last, successfully or not.
    read: Cell<Instant>,
    renewing: tokio::sync::Mutex<()>,
}

impl Door {
    /// Opens it; nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the kubeconfig.
    pub async fn open(cluster: &Cluster, counts: Arc<Counts>) -> Result<Rc<Self>> {
        let client = cluster.connect(counts.clone()).await?;
        let now = Instant::now();
        Ok(Rc::new(Self {
            cluster: cluster.clone(),
            client: RefCell::new(client),
            counts,
            made: Cell::new(now),
            read: Cell::new(now),
            renewing: tokio::sync::Mutex::default(),
        }))
    }

    /// The client, as it is now.
    pub fn client(&self) -> kube::Client {
        self.client.borrow().clone()
    }

    /// Waits until a request may go.
    pub async fn turn(&self) {
        loop {
            let wait = self.counts.pace.turn(Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            if !self.counts.pace.is_held(Instant::now()) {
                return;
            }
        }
    }

    /// After a request that was begun then was answered with 401: true if there is a client by now that may fare better.
    pub async fn renew(&self, begun: Instant) -> bool {
        let _one_at_a_time = self.renewing.lock().await;
        if self.made.get() > begun {
            return true;
        }
        let age = self.read.get().elapsed();
        if age < AGAIN {
            tokio::time::sleep(AGAIN - age).await;
        }
        self.read.set(Instant::now());
        match self.cluster.connect(self.counts.clone()).await {
            Ok(client) => {
                self.client.replace(client);
                self.made.set(Instant::now());
                true
            }
            Err(e) => {
                say(format_args!("scheduler: {e}"));
                false
            }
        }
    }
}
