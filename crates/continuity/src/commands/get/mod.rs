//! `continuity get`: the API of a replica, for people.

mod cell;
mod columns;
mod download;
mod follow;
mod freshness;
mod grid;
mod messages;
mod options;
mod pages;
mod profile;
mod record;
mod reference;
mod session;
mod shape;
mod sse;
mod terminal;

use anyhow::Result;

pub(crate) use options::Get;
pub(crate) use profile::Profile;

use options::What;
use pages::Printer;
use profile::Target;
use session::Session;
use shape::Asked;

/// Asks a replica and prints what it says.
pub(crate) fn run(options: Get) -> Result<()> {
    let session = Session::new(Target::of(&options.to)?, options.show.max_staleness)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ask(session, options))
}

/// People know a loan request by its reference: what is no id is looked for by that.
async fn ask(mut session: Session, options: Get) -> Result<()> {
    let (printer, mut what) = (Printer::of(&options.show), options.what);
    let Err(error) = answer(&mut session, &printer, &what).await else { return Ok(()) };
    let Some(loan) = what.loan_mut().filter(|_| session::is_missing(&error)) else { return Err(error) };
    match reference::resolve(&mut session, loan).await {
        Some(id) if id != *loan => *loan = id,
        _ => return Err(error),
    }
    answer(&mut session, &printer, &what).await
}

async fn answer(session: &mut Session, printer: &Printer, what: &What) -> Result<()> {
    match what {
        What::Document { of, document, into } => {
            let path = format!("{}/documents/{}/download", shape::loan(&of.loan), shape::escaped(document));
            download::run(session, &path, &into.output).await
        }
        What::Attachment { of, task, item, into } => {
            let (task, item) = (shape::escaped(task), shape::escaped(item));
            let path = format!("{}/tasks/{task}/items/{item}/download", shape::loan(&of.loan));
            download::run(session, &path, &into.output).await
        }
        What::Changes(changes) => follow::run(session, changes, printer.is_table()).await,
        What::Messages { of, channel, after } => {
            let (guild, channel) = messages::channel(session, &of.loan, channel.as_deref()).await?;
            printer.print(session, Asked::messages(of, &guild, &channel, *after)).await
        }
        what => match Asked::of(what) {
            Some(asked) => printer.print(session, asked).await,
            None => Ok(()),
        },
    }
}
