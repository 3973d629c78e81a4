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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anything_above_every_rule_may_run() {
        for rule in TriggerRule::ALL {
            assert_eq!(judge(*rule, &Above::default(), -1), Ruling::Run, "{rule}");
        }
    }

    #[test]
    fn while_nothing_is_known_only_always_runs() {
        let all = Counts { all: 2, ..Counts::default() };
        let above = Above { all, setups: Counts::default() };
        for rule in TriggerRule::ALL {
            let wanted = if *rule == TriggerRule::Always { Ruling::Run } else { Ruling::Wait };
            assert_eq!(judge(*rule, &above, -1), wanted, "{rule}");
        }
    }

    #[test]
    fn an_instance_whose_partner_is_gone_is_removed() {
        let all = Counts { all: 3, success: 2, removed: 1, ..Counts::default() };
        let above = Above { all, setups: Counts::default() };
        assert_eq!(judge(TriggerRule::AllSuccess, &above, 2), Ruling::Set(TiState::Removed));
        assert_eq!(judge(TriggerRule::AllSuccess, &above, 1), Ruling::Run);
        assert_eq!(judge(TriggerRule::AllSuccess, &above, -1), Ruling::Run);
    }

    #[test]
    fn a_teardown_needs_one_setup() {
        let above = |setup: TiState| {
            let mut setups = Counts { all: 1, ..Counts::default() };
            setups.enter(setup);
            let mut all = Counts { all: 2, failed: 1, ..Counts::default() };
            all.enter(setup);
            Above { all, setups }
        };
        let judge = |state| judge(TriggerRule::AllDoneSetupSuccess, &above(state), -1);
        assert_eq!(judge(TiState::Success), Ruling::Run);
        assert_eq!(judge(TiState::Skipped), Ruling::Set(TiState::Skipped));
        assert_eq!(judge(TiState::Failed), Ruling::Set(TiState::UpstreamFailed));
        assert_eq!(judge(TiState::Running), Ruling::Wait);
    }
}
