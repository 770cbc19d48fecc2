//! The running replica: source, ingest, log, engine, API, in the order of the data.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_api::{ApiState, ChangeOptions, Pages, ServerLimits, TlsFiles};
use continuity_auth::Auth;
use continuity_base::{Stop, Tasks};
use continuity_blobs::BlobService;
use continuity_console::Backing;
use continuity_history::History;
use continuity_ingest::completeness::Auditor;
use continuity_ingest::{IngestOptions, Ingester, Source};
use continuity_log::Log;
use continuity_provider::Provider;
use continuity_readmodel::{EngineError, SyncBoard};
use continuity_webhooks::Webhooks;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::{Compat, Limits, UnknownParameters};
use crate::control::server::ControlSocket;
use crate::core::Core;
use crate::datadir::DataDir;
use crate::fleet::{self, Fleet};
use crate::operations::{Backups, Following, InForce, Operations, Ordered, Repair, completeness};
use crate::{backup, history, open_files, sources, telemetry, webhooks};

/// How long a stop may take before the process ends anyway.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// How often a thread that has nothing to do looks at the stop.
const LOOK: Duration = Duration::from_millis(50);

/// What a replica needs besides its data directory.
pub(crate) struct Serving {
    pub(crate) source: Box<dyn Source>,
    pub(crate) ingest: IngestOptions,
    pub(crate) blobs: BlobService,
    pub(crate) webhooks: Webhooks,
    pub(crate) fleet: Option<Fleet>,
    /// Where people may sign in beside here.
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) api: TcpListener,
    pub(crate) metrics: TcpListener,
    pub(crate) recorder: PrometheusHandle,
    pub(crate) tls: TlsFiles,
    pub(crate) compat: Compat,
    pub(crate) limits: Limits,
    pub(crate) changes: ChangeOptions,
    /// Where a loan's snapshot is looked for.
    pub(crate) repair: Repair,
    /// What is shown of the configuration.
    pub(crate) in_force: InForce,
    /// Where backups go, unless another directory is named.
    pub(crate) backups: Option<PathBuf>,
}

/// A replica at work.
pub(crate) struct App {
    tasks: Tasks,
    pub(crate) state: ApiState,
}

/// Starts everything. The tasks end the process when one of them ends by itself; a disk that takes no more does not: what
/// is there goes on being served (see [`serve_what_is_there`]).
pub(crate) fn start(core: Core, serving: Serving) -> Result<App> {
    let mut tasks = Tasks::new(Stop::new());
    let stop = tasks.stop().clone();
    let socket = ControlSocket::bind(core.dir.root())?;
    let schedule = serving.ingest.schedule.clone();
    let mut operations = core.operations();
    let state = ApiState {
        engine: core.handle,
        ledger: core.reader,
        auth: core.auth,
        sync: core.sync.clone(),
        blobs: serving.blobs,
        webhooks: webhooks::probe(serving.webhooks.clone(), Arc::clone(&core.clock)),
        control_stream: fleet::probe(serving.fleet.as_ref()),
        clock: Arc::clone(&core.clock),
        cursor_key: cursor_key(&core.dir)?,
        version: env!("CARGO_PKG_VERSION"),
        started_at: core.clock.monotonic(),
        start_position: core.log.head().position,
        limits: serving.limits.of_requests(),
        unknown_parameters: unknown_parameters(serving.compat.unknown_parameters),
        expired_is_forbidden: serving.compat.expired_token_status == 403,
        changes: serving.changes,
        stop: stop.clone(),
    };

    let history = measure(&mut tasks, &core.dir, &state, &core.log);
    let ingester = Ingester::new(serving.ingest, core.writer, core.log, core.ledger, core.sync.clone());
    let parts = (&operations.log, &operations.ledger, &operations.sync);
    let read_list = completeness::read_list(state.blobs.clone());
    let auditor = completeness::auditor(parts, Some(ingester.control()), read_list, &core.clock);
    (operations.auditor, operations.stop, operations.in_force) = (auditor.clone(), stop.clone(), serving.in_force);
    let (repair, clock) = (serving.repair, Arc::clone(&core.clock));
    let blobs = state.blobs.clone();
    let webhooks = serving.webhooks.clone();
    backup::metrics::begin(serving.backups.clone())?;
    let backups = Backups::new(serving.backups, core.dir.root().to_owned());
    let ingest = ingester.control();
    operations.running = Some(Following { ingest, schedule, repair, blobs, webhooks, backups, clock });
    tasks.spawn("bootstrap-progress", sources::tell_progress(core.sync.clone(), Arc::clone(&core.clock), stop.clone()));
    let (source, until) = (serving.source, stop.clone());
    tasks.thread("ingest", move || ingester.run(source, &until))?;
    audit(&mut tasks, auditor)?;
    let (engine, until) = (core.engine, stop.clone());
    let (follow, board) = (move |until| engine.run(until), core.sync);
    tasks.thread("engine", move || serve_what_is_there(follow(until.clone()), &board, &until))?;
    let (blobs, webhooks) = (state.blobs.clone(), serving.webhooks.clone());
    endless(&mut tasks, "blobs", |until| blobs.run(until));
    endless(&mut tasks, "webhooks", |until| webhooks.run(until));
    maintain(&mut tasks, &state.auth);
    if let Some(fleet) = serving.fleet {
        endless(&mut tasks, "control-stream", |until| fleet.run(until));
    }
    let pages = pages_over(&state, serving.provider, operations.clone(), history);
    let router = continuity_api::router(state.clone(), continuity_console::session, pages);
    let mut limits = serving.limits.of_connections();
    limits.connections = open_files::room_for(limits.connections);
    tasks.spawn("api", continuity_api::serve_tls(serving.api, router, serving.tls, limits, core.clock, stop.clone()));
    show_metrics(&mut tasks, (serving.recorder, serving.metrics), &state, serving.webhooks);
    let directory = core.dir;
    tasks.spawn("control", async move {
        let ended = socket.run(operations, stop).await;
        drop(directory); // The lock lasts as long as the socket that stands for it.
        ended.map_err(|e| format!("{e:#}"))
    });
    Ok(App { tasks, state })
}

/// Writes records of who read what, and looks after the authorization server, until it is stopped.
fn maintain(tasks: &mut Tasks, auth: &Auth) {
    let (records, until) = (auth.clone(), tasks.stop().clone());
    tasks.spawn("access-records", async move { records.keep_reads(until).await });
    let (auth, until) = (auth.clone(), tasks.stop().clone());
    tasks.spawn("authorization-server", async move { auth.maintain(until).await });
}

/// Measures the replica until it is stopped, and keeps what was measured.
fn measure(tasks: &mut Tasks, dir: &DataDir, state: &ApiState, log: &Log) -> History {
    let history = History::open(&dir.history(), Arc::clone(&state.clock));
    let (seen, state, log) = (history.clone(), state.clone(), log.clone());
    endless(tasks, "history", |until| history::look(seen, state, log, until));
    let kept = history.clone();
    endless(tasks, "history-upkeep", |until| history::keep(kept, until));
    history
}

/// Sums metrics up, and shows them to whoever scrapes, until it is stopped.
fn show_metrics(
    tasks: &mut Tasks,
    (recorder, listener): (PrometheusHandle, TcpListener),
    state: &ApiState,
    webhooks: Webhooks,
) {
    let summed = recorder.clone();
    endless(tasks, "metrics-upkeep", |until| telemetry::sum_up(summed, until));
    let router = telemetry::metrics_router(recorder, state.clone(), webhooks);
    let stop = tasks.stop().clone();
    tasks.spawn("metrics", continuity_api::serve_plain(listener, router, ServerLimits::default(), stop));
}

/// Evaluates manifests until it is stopped.
fn audit(tasks: &mut Tasks, auditor: Auditor) -> Result<()> {
    let until = tasks.stop().clone();
    tasks.thread("auditor", move || {
        auditor.run(&until);
        Ok::<_, String>(())
    })?;
    Ok(())
}

/// Spawns what works until it is stopped and cannot fail.
fn endless<F: Future<Output = ()> + Send + 'static>(tasks: &mut Tasks, name: &str, work: impl FnOnce(Stop) -> F) {
    let work = work(tasks.stop().clone());
    tasks.spawn(name, async move {
        work.await;
        Ok::<_, String>(())
    });
}

impl App {
    /// Runs until a signal asks for the end or a task fails; a second signal ends the process at once.
    pub(crate) async fn run(self) -> Result<()> {
        self.run_beside(async { Ok(()) }).await
    }

    /// Like [`App::run`], with `beside` done meanwhile; when that fails the replica stops.
    pub(crate) async fn run_beside(mut self, beside: impl Future<Output = Result<()>>) -> Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let beside_then_on = async {
            beside.await?;
            std::future::pending::<Result<()>>().await
        };
        let mut failed = Ok(());
        let failure = tokio::select! {
            failure = self.tasks.first_failure() => failure,
            ended = beside_then_on => { failed = ended; None }
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        };
        if let Some(failure) = &failure {
            tracing::error!(task = failure.task, cause = failure.cause, "a task ended by itself: the process stops");
        }
        let late = tokio::select! {
            late = self.tasks.join(STOP_LIMIT) => late,
            _ = interrupt.recv() => bail!("stopped at once by a second signal"),
            _ = terminate.recv() => bail!("stopped at once by a second signal"),
        };
        self.state.auth.close();
        let failures: Vec<String> = failure.iter().chain(&late).map(ToString::to_string).collect();
        if failures.is_empty() { failed } else { bail!("{}", failures.join("; ")) }
    }
}

fn unknown_parameters(configured: UnknownParameters) -> continuity_api::UnknownParameters {
    match configured {
        UnknownParameters::Refuse => continuity_api::UnknownParameters::Refuse,
        UnknownParameters::Ignore => continuity_api::UnknownParameters::Ignore,
    }
}

/// When the engine can neither read the log nor write its read models any more, the views that it published last stay
/// readable. Whoever serves them goes on, and `/health` says what is broken; only a start can mend it.
fn serve_what_is_there(ended: Result<(), EngineError>, board: &SyncBoard, stop: &Stop) -> Result<(), EngineError> {
    if let Err(error) = &ended
        && !stop.is_stopped()
    {
        tracing::error!(%error, "the read models stand still: free space on the disk or check it, then restart");
        board.broken(Some(format!(
            "{error}. The read models stand still; free space on the disk or check it, then restart"
        )));
        while !stop.is_stopped() {
            std::thread::sleep(LOOK);
        }
    }
    ended
}

/// Binds a listener and says where.
pub(crate) async fn listen(address: SocketAddr, what: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for the {what}"))
}

/// The key that authenticates cursors: made once, kept in the data directory, so that cursors outlive a restart.
fn cursor_key(dir: &DataDir) -> Result<[u8; 32]> {
    let path = dir.root().join("cursor.key");
    match std::fs::read(&path) {
        Ok(bytes) => match bytes.try_into() {
            Ok(key) => Ok(key),
            Err(_) => bail!("{} does not hold 32 bytes; remove it, then open cursors end", path.display()),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let key: [u8; 32] = rand::random();
            crate::certificates::write(&path, &key, 0o600)?;
            Ok(key)
        }
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// What people look at, beside the API, which it asks.
fn pages_over(
    state: &ApiState,
    provider: Option<Arc<Provider>>,
    operations: Operations,
    history: History,
) -> impl FnOnce(axum::Router) -> Pages + use<> {
    let (auth, clock, orders) = (state.auth.clone(), Arc::clone(&state.clock), Arc::new(Ordered(operations)));
    move |api| {
        let routes = continuity_console::pages(Backing { auth, provider, api, orders, clock, history });
        Pages { routes, refusal: continuity_console::refusal }
    }
}
