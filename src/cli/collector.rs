//! Where spans go: to a collector of OpenTelemetry, which the environment names as its
//! specification has it (`OTEL_EXPORTER_OTLP_ENDPOINT` and the like).

use std::env;

#[cfg(not(feature = "otlp"))]
use super::output::announce;

/// The variables that name a collector.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// The one of them that is set, unless OpenTelemetry is turned off.
fn endpoint() -> Option<&'static str> {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_off = env::var("OTEL_SDK_DISABLED").is_ok_and(|off| off.eq_ignore_ascii_case("true"));
    ENDPOINTS.into_iter().find(is_set).filter(|_| !is_off)
}

#[cfg(feature = "otlp")]
pub use exporting::{Collector, start};
#[cfg(not(feature = "otlp"))]
pub use none::{Collector, start};

#[cfg(feature = "otlp")]
mod exporting {
    use std::env;

    use opentelemetry::{KeyValue, trace::TracerProvider};
    use opentelemetry_otlp::SpanExporter;
    use opentelemetry_sdk::{
        Resource,
        resource::{EnvResourceDetector, TelemetryResourceDetector},
        trace::SdkTracerProvider,
    };
    use scopegate::traces::TARGET;
    use tracing::{Subscriber, level_filters::LevelFilter};
    use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

    /// What sends spans, in batches, by a thread of its own.
    pub struct Collector(SdkTracerProvider);

    impl Drop for Collector {
        /// Sends what has not been sent yet, for a few seconds at most.
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "the last traces were not sent");
            }
        }
    }

    /// What takes the spans, if there is a collector.
    pub fn start<S: Subscriber + for<'a> LookupSpan<'a>>()
    -> Result<Option<(impl Layer<S>, Collector)>, Box<dyn std::error::Error>> {
        let Some(variable) = super::endpoint() else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder().with_http().build();
        let exporter = exporter.map_err(|error| format!("{variable}: {error}"))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(exporter)
            .build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("scopegate"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE));
        Ok(Some((spans, Collector(provider))))
    }

    /// Who sends them, unless `OTEL_RESOURCE_ATTRIBUTES` or `OTEL_SERVICE_NAME` say otherwise.
    fn resource() -> Resource {
        let name = env::var("OTEL_SERVICE_NAME").ok();
        let about = Resource::builder_empty()
            .with_service_name("scopegate")
            .with_attributes([KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))])
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_detector(Box::new(EnvResourceDetector::new()));
        match name.filter(|name| !name.is_empty()) {
            Some(name) => about.with_service_name(name).build(),
            None => about.build(),
        }
    }
}

#[cfg(not(feature = "otlp"))]
mod none {
    use tracing_subscriber::layer::Identity;

    /// There is none.
    pub struct Collector;

    /// Says that a collector which is named gets nothing.
    pub fn start() -> Result<Option<(Identity, Collector)>, Box<dyn std::error::Error>> {
        if let Some(variable) = super::endpoint() {
            super::announce!(
                "{variable}: no traces are sent: this program was built without the feature otlp"
            );
        }
        Ok(None)
    }
}
