//! The clients of the relay benchmarks: opens any number of streams to a server, reads each as a browser would, and
//! says what came. One thread, so that it leaves the rest of the machine to the server under test.
//!
//! `millstream-load` reads one [`Job`](job::Job) as a line of JSON from standard input and writes lines of JSON:
//! `{"event":"begun"}` when every stream has had its first token, `{"event":"ending"}` when the first one ends, and
//! the [`Report`](job::Report) when all have. `millstream-load certificate` makes a certificate for a server on
//! 127.0.0.1, and its key.

mod client;
mod job;
mod tally;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::task::LocalSet;
use tokio::time::{sleep_until, timeout_at};

use crate::client::Client;
use crate::job::{Job, Outcome, Report};
use crate::tally::Tally;

/// How often the count of tokens is noted, so that it can be told for any moment.
const TICK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let result = match std::env::args().nth(1).as_deref() {
        None => read_job().and_then(|job| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            LocalSet::new().block_on(&runtime, run(job))
        }),
        Some("certificate") => certificate(),
        Some(other) => Err(format!("Expected no argument or `certificate`, got `{other}`").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where this fails.
            let _ = writeln!(io::stderr(), "millstream-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_job() -> Result<Job, Box<dyn Error>> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line)?;
    if job.addresses.is_empty() {
        return Err("Expected `addresses` to name at least one server".into());
    }
    Ok(job)
}

/// Runs a job to its end, or to the end of its time: then what is still open counts as unfinished.
async fn run(job: Job) -> Result<(), Box<dyn Error>> {
    let client = Rc::new(Client::new(&job)?);
    let tally = Rc::new(Tally::new(job.streams));
    let start = tokio::time::Instant::now();
    let deadline = start + Duration::from_millis(job.timeout);
    let ticker = tokio::task::spawn_local({
        let tally = Rc::clone(&tally);
        async move {
            let mut interval = tokio::time::interval(TICK);
            loop {
                interval.tick().await;
                tally.tick();
            }
        }
    });
    let tasks: Vec<_> = (0..job.streams)
        .map(|seed| {
            let (client, tally) = (Rc::clone(&client), Rc::clone(&tally));
            let begin = start + Duration::from_millis(job.spread).mul_f64(seed as f64 / job.streams as f64);
            tokio::task::spawn_local(async move {
                sleep_until(begin).await;
                let mut outcome = Outcome::default();
                let read = timeout_at(deadline, client.read(seed, &mut outcome, &tally)).await;
                match read {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => outcome.error = Some(error.to_string()),
                    Err(_) => outcome.error = Some("the time was up".to_owned()),
                }
                tally.ended();
                outcome
            })
        })
        .collect();
    let mut streams = Vec::with_capacity(tasks.len());
    for task in tasks {
        streams.push(task.await?);
    }
    ticker.abort();
    tally.tick();
    let report = Report {
        event: "report",
        elapsed: start.elapsed().as_secs_f64() * 1e3,
        timeline: tally.timeline(),
        latency: tally.latency(),
        streams,
    };
    say(&report)
}

fn certificate() -> Result<(), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    say(&json!({ "certificate": made.cert.pem(), "key": made.signing_key.serialize_pem() }))
}

/// Writes one line.
fn say(value: &impl serde::Serialize) -> Result<(), Box<dyn Error>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}
