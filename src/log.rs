//! `MILLSTREAM_LOG=error|warn|info|debug|trace`: what the engine does, on stderr. Off by default.
//!
//! Only millstream's own crates are ever logged. The HTTP libraries below print headers at their finer levels, and
//! headers hold keys, so no setting switches them on.

use std::sync::Once;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging where the environment asks for it. Later calls do nothing.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(value) = std::env::var("MILLSTREAM_LOG") else { return };
        let level = value.trim().parse::<LevelFilter>().unwrap_or(LevelFilter::WARN);
        if level == LevelFilter::OFF {
            return;
        }
        let targets = Targets::new()
            .with_target("millstream", level)
            .with_target("millstream_engine", level)
            .with_target("millstream_wire", level)
            .with_target("millstream_mock", level);
        let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        // Fails where somebody else in the process set a subscriber up; theirs wins.
        let _ = tracing_subscriber::registry().with(stderr.with_filter(targets)).try_init();
        if value.trim().parse::<LevelFilter>().is_err() {
            tracing::warn!("expected MILLSTREAM_LOG to be off, error, warn, info, debug or trace; using warn");
        }
    });
}
