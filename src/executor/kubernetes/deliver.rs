//! ConfigMaps that carry code to worker pods: made where they are missing, shared by the pods that name them, and collected
//! when no pod of ours in the namespace needs them any more.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    time::{Duration, Instant},
};

use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};

use super::{
    api::{Answer, Api, Trouble},
    cluster::Cluster,
};

/// How long unused ConfigMaps stay for the next pods.
const UNUSED: Duration = Duration::from_secs(60);
/// How long it is believed that what was there is there: a namespace may be deleted and made anew, by anyone.
const BELIEVED: Duration = Duration::from_secs(10);
/// The same when a node says that something isn't: all pods that wait for the same one say so.
const JUST_SEEN: Duration = Duration::from_secs(1);
/// Kind of what is delivered.
const MAPS: &str = "configmaps";
/// Marks our ConfigMaps, with the home that made them.
const OF_HOME: &str = "dagdeck/home";

/// Where ConfigMaps are.
type Place = (Cluster, String);

/// All that were delivered.
#[derive(Default)]
pub struct Delivery {
    /// Those that are there; locked while some are made or deleted, so that none is deleted that is just wanted.
    there: Mutex<HashSet<(Place, String)>>,
    /// When it was last looked at what is there.
    looked: RefCell<HashMap<Place, Instant>>,
    /// Number of pods that need one.
    users: RefCell<HashMap<(Place, String), usize>>,
    /// Who may create pods now: `worker_pods_creation_batch_size` at one time.
    turns: RefCell<Option<Rc<Semaphore>>>,
    /// Number of pods that wait for quota.
    queued: Cell<u32>,
}

/// One of those who wait for quota, until it is dropped.
pub struct Queued(Rc<Delivery>);

impl Queued {
    /// How long it waits until it asks again: all together ask four times a second, however many they are.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(250) * self.0.queued.get()
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.queued.set(self.0.queued.get() - 1);
    }
}

/// What one pod needs, until it is dropped.
pub struct Needs {
    delivery: Rc<Delivery>,
    api: Api,
    place: Place,
    home: String,
    names: Vec<String>,
    config_maps: Vec<Value>,
}

impl Delivery {
    /// Turns of those who create worker pods, `batch` at one time.
    pub fn turns(&self, batch: usize) -> Rc<Semaphore> {
        self.turns.borrow_mut().get_or_insert_with(|| Rc::new(Semaphore::new(batch.max(1)))).clone()
    }

    /// Notes that a pod waits for quota.
    pub fn queue(self: &Rc<Self>) -> Queued {
        self.queued.set(self.queued.get() + 1);
        Queued(self.clone())
    }

    /// Notes that a pod needs these ConfigMaps, for as long as the answer is kept.
    pub fn need(self: &Rc<Self>, api: Api, place: Place, home: &str, config_maps: Vec<Value>) -> Needs {
        let name = |map: &Value| map["metadata"]["name"].as_str().unwrap_or("").to_string();
        let names: Vec<String> = config_maps.iter().map(name).collect();
        for name in &names {
            *self.users.borrow_mut().entry((place.clone(), name.clone())).or_default() += 1;
        }
        Needs { delivery: self.clone(), api, place, home: home.into(), names, config_maps }
    }

    fn is_used(&self, place: &Place, name: &str) -> bool {
        self.users.borrow().contains_key(&(place.clone(), name.to_string()))
    }

    /// Names of what a home made in a namespace.
    async fn made(&self, api: &Api, home: &str) -> Answer<Vec<String>> {
        let which = ListParams::default().labels(&format!("{OF_HOME}={home}"));
        let list = api.ask::<Value>(api.path(MAPS).list_metadata(&which)).await?;
        let items = list["items"].as_array().into_iter().flatten();
        Ok(items.filter_map(|item| item["metadata"]["name"].as_str()).map(str::to_string).collect())
    }

    /// Looks again at what is there, if that was long ago.
    async fn look(&self, api: &Api, place: &Place, home: &str, there: &mut HashSet<(Place, String)>) -> Answer<()> {
        let is_known = there.iter().any(|(p, _)| p == place);
        let is_fresh = self.looked_within(place, BELIEVED);
        if is_known && !is_fresh {
            // Also where it is refused: not with each pod again.
            self.looked.borrow_mut().insert(place.clone(), Instant::now());
            let made = self.made(api, home).await?;
            there.retain(|(p, name)| p != place || made.contains(name));
        }
        Ok(())
    }

    fn looked_within(&self, place: &Place, time: Duration) -> bool {
        self.looked.borrow().get(place).is_some_and(|at| at.elapsed() < time)
    }

    /// Deletes what a home made in a namespace and nobody needs.
    async fn collect(&self, api: &Api, place: &Place, home: &str, there: &mut HashSet<(Place, String)>) -> Answer<()> {
        for name in self.made(api, home).await?.iter().filter(|name| !self.is_used(place, name)) {
            there.remove(&(place.clone(), name.clone()));
            match api.ask::<Value>(api.path(MAPS).delete(name, &DeleteParams::default())).await {
                Err(trouble) if !trouble.is_missing() => return Err(trouble),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Needs {
    /// Creates what isn't there yet. A ConfigMap's name is the hash of what it holds, so one of that name is the same.
    ///
    /// # Errors
    /// The API server's own: forbidden, over quota, away.
    pub async fn deliver(&self) -> Answer<()> {
        let mut there = self.delivery.there.lock().await;
        // Where it can't be looked, what was there is believed to be there.
        let _ = self.delivery.look(&self.api, &self.place, &self.home, &mut there).await;
        self.create(&mut there).await.map(|_| ())
    }

    /// The same for a pod that is there already, and whose node misses one: somebody deleted it. How many were made again.
    ///
    /// # Errors
    /// As of [`Self::deliver`]; and 404 for one of which only its name is known any more.
    pub async fn deliver_again(&self) -> Answer<usize> {
        let mut there = self.delivery.there.lock().await;
        if !self.delivery.looked_within(&self.place, JUST_SEEN) {
            self.delivery.looked.borrow_mut().insert(self.place.clone(), Instant::now());
            let made = match self.delivery.made(&self.api, &self.home).await {
                // Those that are there can't be made again.
                Err(trouble) if trouble.is_forbidden() => Vec::new(),
                made => made?,
            };
            there.retain(|(place, name)| *place != self.place || made.contains(name));
            there.extend(made.into_iter().map(|name| (self.place.clone(), name)));
        }
        self.create(&mut there).await
    }

    /// Creates those that aren't there; how many these were.
    async fn create(&self, there: &mut HashSet<(Place, String)>) -> Answer<usize> {
        let (mut made_now, mut is_new) = (0, false);
        for (map, name) in self.config_maps.iter().zip(&self.names) {
            let which = (self.place.clone(), name.clone());
            if there.contains(&which) {
                continue;
            }
            if map["binaryData"].is_null() {
                let message = format!("configmap {name:?} is gone, and the files that it was made from have changed");
                return Err(Trouble::Refused { code: 404, reason: "NotFound".into(), message });
            }
            let mut made = map.clone();
            made["metadata"]["labels"] = json!({OF_HOME: self.home, "app.kubernetes.io/managed-by": "dagdeck"});
            let body = serde_json::to_vec(&made).unwrap_or_default();
            match self.api.ask::<Value>(self.api.path(MAPS).create(&PostParams::default(), body)).await {
                Ok(_) => made_now += 1,
                Err(trouble) if trouble.is_taken() => {}
                Err(trouble) => return Err(trouble),
            }
            is_new |= there.insert(which);
        }
        // The files have changed: what the older pods needed may be of no use any more. What can't be deleted now is later.
        if is_new {
            let _ = self.delivery.collect(&self.api, &self.place, &self.home, there).await;
        }
        Ok(made_now)
    }
}

impl Drop for Needs {
    fn drop(&mut self) {
        let place = self.place.clone();
        {
            let mut users = self.delivery.users.borrow_mut();
            for name in self.names.drain(..) {
                let which = (place.clone(), name);
                if let Some(count) = users.get_mut(&which) {
                    *count -= 1;
                    if *count == 0 {
                        users.remove(&which);
                    }
                }
            }
            if users.keys().any(|(p, _)| *p == place) {
                return;
            }
        }
        let (delivery, api, home) = (self.delivery.clone(), self.api.clone(), std::mem::take(&mut self.home));
        tokio::task::spawn_local(async move {
            tokio::time::sleep(UNUSED).await;
            let mut there = delivery.there.lock().await;
            if !delivery.users.borrow().keys().any(|(p, _)| *p == place) {
                let _ = delivery.collect(&api, &place, &home, &mut there).await;
            }
        });
    }
}
