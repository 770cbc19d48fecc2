//! `continuity simulate`: a stand-in cloud platform that publishes to a broker or a file.

mod blobs;
mod options;
mod summary;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_base::{Clock, Stop, SystemClock, Timestamp};
use continuity_simulator::publish::{self, Access, Mode, Names, PublishOptions, Summary, Target};
use continuity_simulator::{Emitted, Every, Exporting, FaultCounts, Faults, Manifests, Options, Simulator, Tempo};

use self::blobs::{Files, Writing};
use self::options::FaultOptions;
pub(crate) use self::options::Simulate;
use self::summary::Shown;
use crate::config::{LogFormat, Telemetry};
use crate::{output, telemetry};

/// Publishes until the end that was asked for, or a signal.
pub(crate) fn run(options: &Simulate) -> Result<()> {
    let filter = std::env::var("CONTINUITY_TELEMETRY__LOG").unwrap_or_else(|_| "warn,async_nats=error".to_owned());
    telemetry::log_to_stderr(&Telemetry { log: filter, format: LogFormat::Text })?;
    let to = Target::parse(&options.to)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let plan = Plan::new(options, &clock)?;
    let stop = stop_at_signals()?;
    let mut shown = Shown::new(options, &to, &plan.platform);
    let (summary, counts) = plan.carry_out(&to, &stop, &mut |summary| shown.progress(summary))?;
    shown.finish();
    let objects = plan.files.counts();
    if options.json {
        return output::json(&summary::as_json(&summary, &counts, objects.as_ref()));
    }
    output::text(&summary::as_text(&to, &summary, &counts, objects.as_ref()))
}

/// Everything that the options ask for, in the words of the simulator.
struct Plan<'a> {
    options: &'a Simulate,
    platform: Options,
    publish: PublishOptions,
    manifests: Option<Every>,
    files: Files,
}

impl<'a> Plan<'a> {
    fn new(options: &'a Simulate, clock: &Arc<dyn Clock>) -> Result<Self> {
        for (name, rate) in [("rate", options.rate), ("history-rate", options.history_rate)] {
            if !rate.is_finite() || !(0.0..=1e6).contains(&rate) {
                bail!("--{name} has to be from 0 to 1,000,000 events a second");
            }
        }
        let files = Files::open(&options.blobs, &options.to, options.seed, clock)?;
        let platform = Options { blobs: files.mode(), ..platform(options, clock.now())? };
        let manifests = options.control.manifest_every.as_deref().map(|text| every(text, clock)).transpose()?;
        let publish = publishing(options, &platform, clock)?;
        Ok(Self { options, platform, publish, manifests, files })
    }

    /// Builds the feed in layers - what the platform produces, its manifests, what goes wrong on the way - and publishes it.
    fn carry_out(&self, to: &Target, stop: &Stop, watch: &mut dyn FnMut(&Summary)) -> Result<(Summary, FaultCounts)> {
        let simulator = Simulator::new(self.platform.clone());
        let Some(path) = self.options.control.snapshot.clone() else {
            return self.publish(simulator, to, stop, watch);
        };
        let mut exporting =
            Exporting::new(simulator, &path).with_context(|| format!("cannot write {}", path.display()))?;
        let outcome = self.publish(exporting.by_ref(), to, stop, watch);
        match (outcome, exporting.failure()) {
            (Ok(_), Some(error)) => Err(anyhow!(error).context(format!("there is no export {}", path.display()))),
            (outcome, _) => outcome,
        }
    }

    fn publish(
        &self,
        told: impl Iterator<Item = Emitted>,
        to: &Target,
        stop: &Stop,
        watch: &mut dyn FnMut(&Summary),
    ) -> Result<(Summary, FaultCounts)> {
        // What is made up on the way has ids too: they follow from the run's seed, as the platform's do.
        let Self { options, platform, publish, manifests, files } = self;
        let only_history = options.once || options.rate <= 0.0;
        let limit = options.events.map_or(usize::MAX, |events| usize::try_from(events).unwrap_or(usize::MAX));
        let mut written = Writing::over(told, files);
        let told = written.by_ref().take_while(|emitted| emitted.history || !only_history).take(limit);
        let told: Box<dyn Iterator<Item = Emitted> + '_> = match manifests {
            Some(every) => Box::new(Manifests::over(told, every.clone(), &platform.source, platform.seed)),
            None => Box::new(told),
        };
        let told = told.filter(|emitted| !(options.control.skip_history && emitted.history));
        let mut feed = faults(&options.faults).over(platform.seed, told);
        let summary = publish::publish_watched(feed.by_ref(), to, publish, stop, watch)?;
        let counts = feed.counts();
        drop(feed);
        written.outcome()?;
        Ok((summary, counts))
    }
}

fn platform(options: &Simulate, now: Timestamp) -> Result<Options> {
    let step = if options.rate > 0.0 { 1.0 / options.rate } else { 1.0 };
    let tempo = Tempo { live_step: Duration::from_secs_f64(step), ..Tempo::default() };
    let mut platform = Options { tempo, ..Options::new(options.seed, now, options.loans) };
    if let Some(seconds) = options.start {
        platform.start = Timestamp::from_micros(seconds.checked_mul(1_000_000).context("--start is out of range")?);
    } else {
        // Ids follow from seed and number: another run must not tell something else under the same ids.
        platform.seed = options.seed.wrapping_add(now.as_micros().unsigned_abs() << 16);
        platform.first_loan = now.as_seconds().unsigned_abs() % 10_000_000 * 1_000;
        let span = i64::try_from(platform.history_span().as_micros()).context("--loans is out of range")?;
        let start = now.as_micros().checked_sub(span).context("--loans is out of range")?;
        platform.start = Timestamp::from_micros(start - start.rem_euclid(1_000_000));
    }
    platform.snapshots = options.control.snapshots;
    platform.erasures = options.control.erasures;
    platform.exports = options.control.snapshot.is_some();
    Ok(platform)
}

fn publishing(options: &Simulate, platform: &Options, clock: &Arc<dyn Clock>) -> Result<PublishOptions> {
    let broker = &options.broker;
    let heartbeat = match options.control.heartbeat {
        Some(seconds) if !(0.01..=86_400.0).contains(&seconds) => {
            bail!("--heartbeat has to be from 0.01 to 86,400 seconds")
        }
        seconds => seconds.map(Duration::from_secs_f64),
    };
    Ok(PublishOptions {
        names: Names {
            stream: broker.stream.clone(),
            changes: broker.changes.clone(),
            control: broker.control_name.clone(),
        },
        access: Access {
            credentials: broker.credentials.clone(),
            ca: broker.ca.clone(),
            sasl_mechanism: broker.sasl_mechanism.clone(),
        },
        create: broker.create,
        partitions: broker.partitions,
        mode: if broker.binary { Mode::Binary } else { Mode::Structured },
        in_flight: broker.in_flight,
        history_rate: options.history_rate,
        rate: options.rate,
        heartbeat,
        source: platform.source.clone(),
        linger: options.rate <= 0.0 && !options.once && options.events.is_none(),
        connect_timeout: Duration::from_secs(broker.connect_seconds),
        clock: Arc::clone(clock),
        ..PublishOptions::default()
    })
}

fn faults(options: &FaultOptions) -> Faults {
    Faults {
        duplicates: options.duplicates,
        reordering: options.reorder,
        window: options.window,
        gaps: options.gaps,
        late: options.late,
        malformed: options.malformed,
        forks: options.forks,
    }
}

/// `1000` events or `60s`.
fn every(text: &str, clock: &Arc<dyn Clock>) -> Result<Every> {
    let (digits, seconds) = match text.strip_suffix('s') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 && seconds => Ok(Every::Time(Duration::from_secs(number), Arc::clone(clock))),
        Ok(number) if number > 0 => Ok(Every::Events(number)),
        _ => bail!("--manifest-every is a number of events such as 1000, or of seconds such as 60s; it is {text:?}"),
    }
}

/// Stops at the first Ctrl-C or SIGTERM; the second one ends the process.
fn stop_at_signals() -> Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = Stop::new();
    let stopping = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
                if stopping.is_stopped() {
                    std::process::exit(130);
                }
                stopping.stop();
            }
        });
    })?;
    Ok(stop)
}

#[cfg(test)]
mod tests;
