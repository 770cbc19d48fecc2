//! The one sentence on the wall: what is true now, the worst first.

use super::health::{Bootstrap, Components, Health, Known, Source};
use super::words::Words;
use crate::texts::fill;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Good,
    Careful,
    Bad,
}

impl Level {
    /// Its name for styles.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Careful => "careful",
            Self::Bad => "bad",
        }
    }
}

/// What is true now.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Changes with the kind of the sentence, not with its numbers.
    pub(crate) kind: String,
    pub(crate) level: Level,
    pub(crate) sentence: String,
}

impl Verdict {
    fn new(kind: &str, level: Level, sentence: String) -> Self {
        Self { kind: kind.to_owned(), level, sentence }
    }

    fn and(mut self, more: &str) -> Self {
        self.sentence = format!("{} {more}", self.sentence);
        self
    }
}

/// The sentence.
pub(crate) fn verdict(w: Words<'_>, known: &Known) -> Verdict {
    let Some(health) = &known.health else {
        return Verdict::new("unknown", Level::Bad, w.t.says_nothing.to_owned());
    };
    let stopping = known.not_ready.as_deref() == Some("stopping");
    if stopping {
        return Verdict::new("stopping", Level::Bad, w.t.stopping.to_owned());
    }
    if health.database != "connected" {
        return Verdict::new("unhealthy", Level::Bad, w.t.unhealthy.to_owned());
    }
    let (source, rebuilding) = (&health.components.source, rebuilding(w, &health.components));
    let verdict = outage(w, source)
        .filter(|verdict| verdict.kind == "diverged" || verdict.kind == "cannot-write")
        .or_else(|| starting(w, known))
        .or_else(|| outage(w, source))
        .or_else(|| bootstrap(w, health.components.bootstrap.as_ref()))
        .unwrap_or_else(|| following(w, health));
    let Some(rebuilding) = rebuilding else { return verdict };
    let level = if verdict.level == Level::Good { Level::Careful } else { verdict.level };
    Verdict { level, ..verdict }.and(&rebuilding)
}

/// The read models are not where the log was when the process began.
fn starting(w: Words<'_>, known: &Known) -> Option<Verdict> {
    (known.not_ready.as_deref() == Some("starting"))
        .then(|| Verdict::new("starting", Level::Careful, w.t.starting.to_owned()))
}

/// What keeps anything new from coming.
fn outage(w: Words<'_>, source: &Source) -> Option<Verdict> {
    let cause = source.cause.as_deref().unwrap_or_default();
    let (kind, level, text) = match (source.state.as_str(), cause) {
        ("diverged", _) => ("diverged", Level::Bad, w.t.diverged),
        ("stale", "cannot-write") => ("cannot-write", Level::Bad, w.t.cannot_write),
        ("stale", "read-models") => ("read-models", Level::Bad, w.t.read_models_still),
        ("stale", "no-heartbeat") => ("no-heartbeat", Level::Bad, w.t.platform_silent),
        ("stale", "never-heard") => ("never-heard", Level::Bad, w.t.never_heard),
        ("stale", "overdue") => ("overdue", Level::Bad, w.t.overdue),
        ("stale", _) => ("stale", Level::Bad, w.t.silent),
        ("disconnected", "refused") => ("refused", Level::Bad, w.t.refused),
        ("disconnected", _) => ("disconnected", Level::Bad, w.t.cut_off),
        ("paused", "operator") => ("paused", Level::Careful, w.t.paused_operator),
        ("paused", "schedule") => ("scheduled", Level::Careful, w.t.paused_schedule),
        ("paused", "bandwidth") => ("bandwidth", Level::Careful, w.t.paused_bandwidth),
        ("paused", "space") => ("space", Level::Bad, w.t.paused_space),
        ("paused", "bound") => ("bound", Level::Bad, w.t.paused_bound),
        ("paused", "missed-window") => ("missed-window", Level::Bad, w.t.paused_missed),
        ("paused", _) => ("paused", Level::Careful, w.t.paused),
        ("live" | "catching-up", _) => return None,
        _ => ("unknown", Level::Bad, w.t.state_unknown),
    };
    let since = w.at(&source.since);
    let verdict = Verdict::new(kind, level, fill(text, &[&since, &served(w, source)]));
    Some(match &source.until {
        Some(until) if source.state == "paused" => verdict.and(&fill(w.t.until, &[&w.at(until)])),
        _ => verdict,
    })
}

/// What is served meanwhile. A lag that is not known makes no time of it.
fn served(w: Words<'_>, source: &Source) -> String {
    match source.lag_seconds {
        Some(lag) => fill(w.t.serving_known_at, &[&w.ago(lag)]),
        None if source.synchronised => w.t.serving_age_unknown.to_owned(),
        None => w.t.serving_never_whole.to_owned(),
    }
}

fn bootstrap(w: Words<'_>, export: Option<&Bootstrap>) -> Option<Verdict> {
    let export = export?;
    let done = w.grouped(export.loans_done);
    if let Some(missing) = export.loans_missing {
        return Some(Verdict::new("bootstrap-short", Level::Bad, fill(w.t.export_short, &[&w.grouped(missing)])));
    }
    let done = match export.loans_expected {
        Some(expected) => fill(w.t.done_of, &[&done, &w.grouped(expected)]),
        None => done,
    };
    let verdict = Verdict::new("bootstrap", Level::Careful, fill(w.t.exporting, &[&done]));
    Some(match export.eta_seconds {
        Some(left) => verdict.and(&fill(w.t.left, &[&w.span(left)])),
        None => verdict,
    })
}

fn following(w: Words<'_>, health: &Health) -> Verdict {
    let source = &health.components.source;
    let behind = source
        .behind
        .filter(|behind| *behind > 0)
        .map_or_else(String::new, |behind| format!(" {}", w.many(behind, w.t.one_message_waits, w.t.messages_wait)));
    let lag = source.lag_seconds.map(|lag| w.span(lag));
    if source.state == "live" && source.synchronised {
        let lag = lag.map_or_else(|| w.t.lag_unknown.to_owned(), |lag| fill(w.t.behind, &[&lag]));
        let (whole, complete) = complete(w, &health.components);
        let well = whole && health.status == "healthy" && source.lag_seconds.is_some();
        let level = if well { Level::Good } else { Level::Careful };
        return Verdict::new("live", level, fill(w.t.live, &[&lag, &complete]));
    }
    let sentence = match lag {
        _ if source.head.is_none() && source.lag_seconds.is_none() => fill(w.t.looking, &[&served(w, source)]),
        Some(lag) => fill(w.t.catching_up, &[&lag]) + &behind,
        None => fill(w.t.catching_up_from, &[&served(w, source)]) + &behind,
    };
    Verdict::new("catching-up", Level::Careful, sentence)
}

/// Whether everything is here as far as is known, and that in words.
pub(crate) fn complete(w: Words<'_>, all: &Components) -> (bool, String) {
    let incomplete = all.loans.incomplete;
    if incomplete > 0 {
        return (false, w.many(incomplete, w.t.one_incomplete, w.t.incomplete));
    }
    match &all.completeness {
        None => (true, w.t.nothing_missing.to_owned()),
        Some(proof) if proof.failing => (false, w.t.unproved.to_owned()),
        Some(proof) if proof.complete != Some(true) => (false, w.t.not_complete.to_owned()),
        Some(proof) => {
            let until = proof.as_of.as_deref().map(|at| fill(w.t.complete_to, &[&w.at(at)]));
            (true, until.unwrap_or_else(|| w.t.nothing_missing.to_owned()))
        }
    }
}

/// Which read models are not served because they are made anew.
fn rebuilding(w: Words<'_>, all: &Components) -> Option<String> {
    let names: Vec<&str> =
        all.read_models.iter().filter(|model| model.state == "rebuilding").map(|model| model.name.as_str()).collect();
    (!names.is_empty()).then(|| fill(w.t.rebuilding, &[&names.join(", ")]))
}
