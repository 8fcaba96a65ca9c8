//! Log lines, on stderr.

use std::{fmt, io};

use scopegate::{
    config::{Config, LogFormat},
    request_context::RequestContext,
    traces::TARGET,
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{self, Writer},
    },
    layer::SubscriberExt,
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::collector::{self, Collector};

/// Starts logging as configured, and sending spans where a collector is named, for as long as
/// what is given is kept.
pub fn start(config: &Config) -> Result<Option<Collector>, Box<dyn std::error::Error>> {
    // PostgreSQL's notices, such as "relation exists, skipping", help no operator; spans are
    // for a collector.
    let directives = format!("sqlx::postgres::notice=warn,{},{TARGET}=off", config.log);
    let filter = EnvFilter::try_new(directives).map_err(|error| format!("log: {error}"))?;
    let lines = tracing_subscriber::fmt::layer()
        // A line that cannot be written is lost: to complain of it on the same stream
        // panics.
        .log_internal_errors(false)
        .with_ansi(false)
        .with_writer(io::stderr);
    let lines = match config.log_format {
        LogFormat::Json => lines
            .fmt_fields(format::JsonFields::new())
            .event_format(WithRequest {
                line: format::format().json(),
                is_json: true,
            })
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => lines
            .event_format(WithRequest {
                line: format::format(),
                is_json: false,
            })
            .with_filter(filter)
            .boxed(),
    };
    let (spans, collector) = collector::start()?.unzip();
    registry().with(lines).with(spans).init();
    Ok(collector)
}

/// Lines that name the request which they are about.
struct WithRequest<L> {
    line: L,
    is_json: bool,
}

impl<S, N, L> FormatEvent<S, N> for WithRequest<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    L: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(request) = RequestContext::current() else {
            return self.line.format_event(context, writer, event);
        };
        let mut text = String::new();
        self.line
            .format_event(context, Writer::new(&mut text), event)?;
        let line = text.trim_end_matches('\n');
        let id = request.id.as_str();
        match line.strip_suffix('}').filter(|_| self.is_json) {
            // The characters of an id need no escape but two.
            Some(line) => {
                let id = id.replace('\\', "\\\\").replace('"', "\\\"");
                writeln!(writer, "{line},\"request_id\":\"{id}\"}}")
            }
            None => writeln!(writer, "{line} request_id={id}"),
        }
    }
}

/// What a command has to warn of.
pub fn start_for_command() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .init();
}
