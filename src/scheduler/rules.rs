//! The trigger rules as pure functions of counts (semantics, section 3.1).

use crate::model::{MapIndex, TiState, TriggerRule};

use super::counts::{Above, Counts};

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It may run.
    Run,
    /// It gets this state without running.
    Set(TiState),
    /// Nothing yet.
    Wait,
}

/// Applies `rule`. `index` is the instance's map index, -1 if it has none.
pub fn judge(rule: TriggerRule, above: &Above, index: MapIndex) -> Ruling {
    if above.all.all == 0 || rule == TriggerRule::Always {
        return Ruling::Run;
    }
    if let Some(state) = decided(rule, above, index) {
        return Ruling::Set(state);
    }
    if may_run(rule, above) { Ruling::Run } else { Ruling::Wait }
}

/// The state that follows although, or because, it will never run.
fn decided(rule: TriggerRule, above: &Above, index: MapIndex) -> Option<TiState> {
    use TiState::{Removed, Skipped, UpstreamFailed};
    let c = &above.all;
    let done = c.is_done();
    let pick = |cases: &[(bool, TiState)]| cases.iter().find(|(holds, _)| *holds).map(|(_, state)| *state);
    match rule {
        TriggerRule::AllSuccess => {
            pick(&[(c.failures() > 0, UpstreamFailed), (c.skipped > 0, Skipped), (beyond(c, index), Removed)])
        }
        TriggerRule::AllFailed => pick(&[(c.success > 0 || c.skipped > 0, Skipped)]),
        TriggerRule::AllDoneMinOneSuccess => {
            let rest_done = c.success + c.failures() + c.removed >= c.all - c.skipped;
            pick(&[(c.skipped > 0, Skipped), (rest_done && c.success == 0, UpstreamFailed)])
        }
        TriggerRule::AllDoneSetupSuccess => {
            let s = &above.setups;
            pick(&[
                (done && s.all > 0 && s.skipped >= s.all, Skipped),
                (done && s.all > 0 && s.success == 0, UpstreamFailed),
            ])
        }
        TriggerRule::OneSuccess => {
            pick(&[(done && c.skipped >= c.all, Skipped), (done && c.success == 0, UpstreamFailed)])
        }
        TriggerRule::OneFailed => pick(&[(done && c.failures() == 0, Skipped)]),
        TriggerRule::OneDone => pick(&[(done && c.success + c.failed == 0, Skipped)]),
        TriggerRule::NoneFailed => pick(&[(c.failures() > 0, UpstreamFailed)]),
        TriggerRule::NoneFailedMinOneSuccess => pick(&[
            (c.failures() > 0, UpstreamFailed),
            (c.skipped >= c.all, Skipped),
            (done && c.success == 0, UpstreamFailed),
        ]),
        TriggerRule::NoneSkipped => pick(&[(c.skipped > 0, Skipped)]),
        TriggerRule::AllSkipped => pick(&[(c.success > 0 || c.failures() > 0, Skipped)]),
        TriggerRule::AllDone | TriggerRule::Always => None,
    }
}

/// A mapped instance whose partner above is gone.
fn beyond(c: &Counts, index: MapIndex) -> bool {
    c.removed > 0 && c.success > 0 && u32::try_from(index).is_ok_and(|i| i >= c.success)
}

fn may_run(rule: TriggerRule, above: &Above) -> bool {
    let c = &above.all;
    match rule {
        TriggerRule::AllSuccess => c.success + c.removed >= c.all,
        TriggerRule::AllFailed => c.failures() + c.removed >= c.all,
        TriggerRule::AllDone => c.is_done(),
        TriggerRule::AllDoneMinOneSuccess => c.skipped == 0 && c.is_done() && c.success > 0,
        TriggerRule::AllDoneSetupSuccess => c.is_done() && (above.setups.all == 0 || above.setups.success > 0),
        TriggerRule::OneSuccess => c.success > 0,
        TriggerRule::OneFailed => c.failures() > 0,
        TriggerRule::OneDone => c.success + c.failed > 0,
        TriggerRule::NoneFailed => c.success + c.skipped + c.removed >= c.all,
        TriggerRule::NoneFailedMinOneSuccess => c.success + c.skipped + c.removed >= c.all && c.success > 0,
        TriggerRule::NoneSkipped => c.is_done() && c.skipped == 0,
        TriggerRule::AllSkipped => c.skipped >= c.all,
        TriggerRule::Always => true,
    }
}
