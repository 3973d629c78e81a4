//! The end of a pod's care: kept and marked, or deleted and seen gone.

use std::time::Duration;

use super::{Api, Care, Order, Pause, Seat, find, glance};
use crate::{
    error::say,
    executor::kubernetes::{api::Trouble, hub::View, judge, outcome},
    operators::kubernetes_pod::{OnFinish, SIDECAR},
};

/// How long a pod that stays is watched when everything is done.
const LINGERS: Duration = Duration::from_secs(60);

impl Care {
    /// Has its object removed without waiting for its node.
    pub(super) fn give_up(&mut self, api: &Api) {
        self.is_given_up = true;
        self.say("warning", &format!("pod {} was given up by a person: its containers may still run", self.name));
        let (api, name, uid) = (api.clone(), self.name.clone(), self.uid.clone());
        tokio::task::spawn_local(async move {
            if let Err(trouble) = api.delete(&name, Some(&uid), Some(0)).await {
                say(format_args!("scheduler: pod {name} can't be given up: {trouble}"));
            }
        });
    }

    /// What becomes of an ended pod.
    pub(super) async fn tidy(&mut self, api: &Api, seat: &mut Seat) {
        if self.is_gone() {
            return;
        }
        let pod = self.now().unwrap_or_default();
        if glance::runs(&pod, SIDECAR) {
            outcome::end_sidecar(api, &self.name).await;
        }
        let succeeded = judge::succeeded(&pod, &self.job.conduct);
        let delete = match self.job.conduct.on_finish {
            OnFinish::DeletePod => true,
            OnFinish::DeleteSucceededPod => succeeded,
            // One whose sidecar has kept it alive so far is active, too.
            OnFinish::DeleteActivePod => !glance::is_over(&pod),
            OnFinish::KeepPod => false,
        };
        if delete || self.must_go {
            self.delete(api, seat).await;
            return;
        }
        if self.job.worker.is_some() {
            return;
        }
        let mut pause = Pause::default();
        while let Err(trouble) = find::mark_checked(api, &self.name).await {
            if !trouble.is_away() {
                self.say("warning", &format!("the pod stays, but can't be marked as checked: {trouble}"));
                return;
            }
            pause.wait().await;
        }
    }

    /// One that stays may outlive its task's end by a moment, as long as its sidecar takes: how it ended is to be known, though
    /// nothing waits for that.
    pub(super) async fn see_it_end(&mut self, api: &Api, seat: &mut Seat) {
        let long = tokio::time::sleep(LINGERS);
        tokio::pin!(long);
        while !self.is_deleted && !self.is_gone() && !self.now().is_some_and(|pod| glance::is_over(&pod)) {
            tokio::select! {
                // Somebody else may take care of it by then.
                changed = seat.view.changed() => {
                    if changed.is_err() { return }
                    let view = seat.view.borrow_and_update().clone();
                    self.take_view(view, api).await;
                }
                () = &mut long => return,
            }
        }
    }

    /// Nobody waits for it any more.
    pub(super) async fn remove(&mut self, api: &Api, seat: &mut Seat) {
        if self.job.conduct.keep_on_kill {
            self.say("info", &format!("pod {} is kept (on_kill_action=keep_pod)", self.name));
            return;
        }
        if self.is_gone() {
            return;
        }
        self.say("info", &format!("pod {} is deleted: its task was ended", self.name));
        self.delete(api, seat).await;
    }

    /// Deletes it and waits until its object is gone: until then its containers may run.
    async fn delete(&mut self, api: &Api, seat: &mut Seat) {
        let is_over = self.now().is_some_and(|pod| glance::is_over(&pod));
        let grace = self.job.conduct.grace.filter(|_| !is_over);
        let mut pause = Pause::default();
        loop {
            match api.delete(&self.name, Some(&self.uid), grace).await {
                Ok(()) => {
                    self.is_deleted = true;
                    break;
                }
                // Another pod of that name: ours is gone.
                Err(Trouble::Refused { code: 409, .. }) => return,
                Err(trouble) if trouble.is_away() => {}
                Err(trouble) => self.say("error", &format!("pod {} can't be deleted: {trouble}", self.name)),
            }
            pause.wait().await;
        }
        if is_over {
            return;
        }
        while !self.is_gone() {
            tokio::select! {
                biased;
                changed = seat.view.changed() => {
                    if changed.is_err() { return }
                    let view = seat.view.borrow_and_update().clone();
                    self.take_view(view, api).await;
                }
                event = seat.events.recv() => if let Some((uid, event)) = event && uid == self.uid { self.take_event(event, false) },
                order = self.orders.recv() => match order {
                    Some(Order::GiveUp) => self.give_up(api),
                    Some(_) => {}
                    // The engine is gone, and this thread with it.
                    None => std::future::pending::<()>().await,
                },
                // A seat that was taken late may have missed the end.
                () = tokio::time::sleep(Duration::from_secs(30)) => self.take_view(View::Missing, api).await,
            }
        }
    }
}
