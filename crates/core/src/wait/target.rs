//! One resource that is waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::Rules;
use super::poll::Answer;
use crate::error::{Error, Kind as ErrorKind};
use crate::id::Kind;
use crate::progress::{Line, Progress};
use crate::reference::Located;
use crate::resource::{Resource, State, Verdict, judge, judge_gone};
use crate::time::format_duration;

/// After so many answers in a row without it, what was seen is taken for gone: one alone may come
/// from a part of EC2 that is behind.
const ABSENCES: u32 = 2;

/// A resource, the state wanted of it, and what is known.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) located: Located,
    pub(super) deadline: Instant,
    wanted: String,
    pub(super) last: Option<State>,
    /// Since when EC2 does not know it; `None` while it does.
    missing_since: Option<Instant>,
    /// Has EC2 been asked for it, or is being asked now?
    pub(super) is_asked: bool,
    /// Has EC2 answered whether it knows it?
    is_judged: bool,
    /// How often in a row EC2 did not know it.
    absences: u32,
    trouble: Option<Error>,
    line: Option<Line>,
}

impl Target {
    pub(super) fn new(located: Located, wanted: &str, rules: &Rules, progress: &Progress) -> Self {
        let line = progress.watch(&located.to_string());
        let now = Instant::now();
        Self {
            located,
            deadline: now + rules.timeout,
            wanted: wanted.to_owned(),
            last: None,
            missing_since: Some(now),
            is_asked: false,
            is_judged: false,
            absences: 0,
            trouble: None,
            line,
        }
    }

    /// Was it never seen, and unknown when EC2 was last asked by its ID? What was seen once stays
    /// among those that are asked for by ID: it may be somebody else's, which a filter on own ones
    /// would not find.
    pub(super) fn is_missing(&self) -> bool {
        self.is_judged && self.last.is_none()
    }

    /// When the clock ends its wait: its deadline, or the time that it may be unknown.
    pub(super) fn end(&self, rules: &Rules) -> Instant {
        match self.missing_since {
            Some(since) => self.deadline.min(since + rules.exist_timeout),
            None => self.deadline,
        }
    }

    /// Judges it by an answer of EC2.
    pub(super) fn take(
        &mut self,
        kind: Kind,
        answer: &mut Answer,
        rules: &Rules,
        now: Instant,
    ) -> Option<Result<Resource, Error>> {
        self.is_judged = true;
        self.trouble = None;
        match answer.take(&self.located.id) {
            Some(resource) => self.take_state(kind, resource, rules, now),
            None => self.take_absence(kind, rules, now),
        }
    }

    /// Notes that EC2 could not be asked; only the deadline can end the wait then.
    pub(super) fn take_failure(
        &mut self,
        error: Option<&Error>,
        rules: &Rules,
        now: Instant,
    ) -> Option<Result<Resource, Error>> {
        if let Some(error) = error {
            self.trouble = Some(error.clone());
        }
        self.time_out(rules, now).map(Err)
    }

    fn take_state(
        &mut self,
        kind: Kind,
        resource: Resource,
        rules: &Rules,
        now: Instant,
    ) -> Option<Result<Resource, Error>> {
        self.missing_since = None;
        self.absences = 0;
        self.last = Some(resource.state.clone());
        if let Some(line) = &self.line {
            line.show(resource.state.as_str(), resource.progress);
        }
        match judge(kind, &resource.state, &self.wanted) {
            Verdict::Reached => Some(Ok(resource)),
            Verdict::Never if !rules.dumb => Some(Err(self.never(&resource))),
            _ => self.time_out(rules, now).map(Err),
        }
    }

    fn take_absence(
        &mut self,
        kind: Kind,
        rules: &Rules,
        now: Instant,
    ) -> Option<Result<Resource, Error>> {
        self.absences += 1;
        let is_gone = self.last.is_some() && self.absences >= ABSENCES;
        if is_gone && judge_gone(kind, &self.wanted) == Verdict::Reached {
            return Some(Ok(Resource {
                id: self.located.id.clone(),
                state: State::new(self.wanted.clone()),
                reason: None,
                progress: None,
                image: None,
            }));
        }
        if let Some(line) = &self.line {
            line.show("not seen yet", None);
        }
        let since = *self.missing_since.get_or_insert(now);
        if now.duration_since(since) >= rules.exist_timeout {
            return Some(Err(self.not_found(rules.exist_timeout)));
        }
        self.time_out(rules, now).map(Err)
    }

    fn time_out(&self, rules: &Rules, now: Instant) -> Option<Error> {
        if now < self.deadline {
            return None;
        }
        let spent = format_duration(rules.timeout);
        let last = match (&self.trouble, &self.last) {
            (Some(trouble), _) => format!("the last answer was: {trouble}"),
            (None, Some(state)) if self.missing_since.is_none() => format!("it is {state}"),
            (None, Some(_)) => "it is no longer to be seen".to_owned(),
            (None, None) => "it has not been seen".to_owned(),
        };
        let what = format!("not {} after {spent}: {last}", self.wanted);
        Some(Error::new(ErrorKind::TimedOut, what).of(&self.located.id))
    }

    fn never(&self, resource: &Resource) -> Error {
        let reason = resource
            .reason
            .as_deref()
            .map(|reason| format!(": {}", reason.trim_end_matches('.')))
            .unwrap_or_default();
        let what = format!(
            "is {} and will never be {}{reason}",
            resource.state, self.wanted
        );
        Error::new(ErrorKind::Unreachable, what).of(&self.located.id)
    }

    fn not_found(&self, looked: Duration) -> Error {
        let region = &self.located.region;
        let what = match looked {
            Duration::ZERO => format!("does not exist in {region}"),
            _ => format!(
                "does not exist in {region} (looked for it for {})",
                format_duration(looked)
            ),
        };
        Error::new(ErrorKind::NotFound, what).of(&self.located.id)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Answer, Target};
    use crate::error::{Error, Kind as ErrorKind};
    use crate::id::Kind;
    use crate::progress::Progress;
    use crate::resource::{Resource, State};
    use crate::settings::Talk;
    use crate::wait::Rules;

    fn rules() -> Rules {
        Rules {
            timeout: Duration::from_secs(60),
            exist_timeout: Duration::from_secs(20),
            poll: Duration::from_secs(12),
            dumb: false,
        }
    }

    fn target(wanted: &str, rules: &Rules) -> Target {
        let reference: crate::reference::Reference =
            "ami-12345678@us-east-1".parse().expect("reference");
        let progress = Progress::new("test", Talk::Quiet);
        Target::new(
            reference.locate(|| unreachable!()),
            wanted,
            rules,
            &progress,
        )
    }

    fn seen(state: &str) -> Answer {
        Answer::new(vec![Resource {
            id: "ami-12345678".parse().expect("id"),
            state: State::new(state),
            reason: Some("Client.Broken: no disk.".to_owned()),
            progress: None,
            image: None,
        }])
    }

    fn end(
        target: &mut Target,
        answer: &mut Answer,
        rules: &Rules,
        after: u64,
    ) -> Option<ErrorKind> {
        let now = target.deadline - rules.timeout + Duration::from_secs(after);
        match target.take(Kind::Image, answer, rules, now)? {
            Ok(_) => None,
            Err(error) => Some(error.kind()),
        }
    }

    #[test]
    fn absence_is_forgiven_for_a_while_and_counted_anew_after_a_sight() {
        let rules = rules();
        let mut target = target("available", &rules);
        assert!(!target.is_missing(), "the first poll asks by ID");
        let mut none = Answer::default();
        assert_eq!(end(&mut target, &mut none, &rules, 19), None);
        assert!(target.is_missing());
        assert_eq!(end(&mut target, &mut seen("pending"), &rules, 21), None);
        assert!(!target.is_missing());
        assert_eq!(end(&mut target, &mut none, &rules, 30), None);
        assert_eq!(end(&mut target, &mut none, &rules, 49), None);
        assert_eq!(
            end(&mut target, &mut none, &rules, 50),
            Some(ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_dead_end_gives_ec2_s_reason() {
        let rules = rules();
        let mut target = target("available", &rules);
        let error = target
            .take(Kind::Image, &mut seen("failed"), &rules, Instant::now())
            .expect("an end")
            .expect_err("a failure");
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(
            error.to_string(),
            "ami-12345678: is failed and will never be available: Client.Broken: no disk"
        );
    }

    #[test]
    fn dumb_waits_for_what_cannot_come_until_the_time_is_over() {
        let rules = Rules {
            dumb: true,
            ..rules()
        };
        let mut target = target("available", &rules);
        assert_eq!(end(&mut target, &mut seen("failed"), &rules, 59), None);
        assert_eq!(
            end(&mut target, &mut seen("failed"), &rules, 60),
            Some(ErrorKind::TimedOut)
        );
    }

    #[test]
    fn gone_is_what_was_wanted_only_after_a_sight() {
        let rules = rules();
        let mut none = Answer::default();
        let mut target = target("deregistered", &rules);
        assert_eq!(
            end(&mut target, &mut none, &rules, 20),
            Some(ErrorKind::NotFound)
        );
        let mut target = super::tests::target("deregistered", &rules);
        assert_eq!(end(&mut target, &mut seen("available"), &rules, 1), None);
        assert_eq!(
            end(&mut target, &mut none, &rules, 2),
            None,
            "once may be a mistake"
        );
        let gone = target.take(Kind::Image, &mut none, &rules, Instant::now());
        assert!(matches!(gone, Some(Ok(resource)) if resource.state.as_str() == "deregistered"));
    }

    #[test]
    fn trouble_is_named_when_the_time_is_over() {
        let rules = rules();
        let mut target = target("available", &rules);
        let trouble = Error::failed("Request limit exceeded");
        let start = target.deadline - rules.timeout;
        assert!(target.take_failure(Some(&trouble), &rules, start).is_none());
        let end = target.take_failure(None, &rules, target.deadline);
        let error = end.expect("an end").expect_err("a failure");
        assert_eq!(
            error.to_string(),
            "ami-12345678: not available after 1m: the last answer was: Request limit exceeded"
        );
    }
}
