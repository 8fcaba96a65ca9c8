//! The texts of the settings, each with its source, and how one of them is read.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, str::FromStr, time::Duration};

use crate::text;

use super::{ConfigError, Layer, SETTINGS, Source};

/// The texts that a configuration is made of, each with its source.
#[derive(Debug, Default)]
pub struct Layers(BTreeMap<&'static str, (String, Source)>);

impl Layers {
    /// The defaults.
    pub fn new() -> Self {
        let mut layers = Self::default();
        let defaults = SETTINGS
            .iter()
            .filter_map(|setting| Some((setting.name, setting.default?.to_owned())))
            .collect();
        layers.add(Source::Default, defaults);
        layers
    }

    /// Lays values over those that are there.
    pub fn add(&mut self, source: Source, layer: Layer) {
        for (name, value) in layer {
            self.0.insert(name, (value, source));
        }
    }

    /// Where no issuer is set it follows a loopback `listen`: who serves on another
    /// port is reached there.
    pub fn follow_listen(&mut self) {
        let listen = self.text("listen").and_then(|text| text.parse().ok());
        let Some((_, Source::Default)) = self.get("issuer") else {
            return;
        };
        let is_fixed = |listen: &SocketAddr| listen.ip().is_loopback() && listen.port() != 0;
        if let Some(listen) = listen.filter(is_fixed) {
            let scheme = match self.text("tls-cert") {
                Some(_) => "https",
                None => "http",
            };
            let issuer = format!("{scheme}://{listen}");
            self.add(Source::Default, Layer::from([("issuer", issuer)]));
        }
    }

    /// The value of a setting and its source, if it has one.
    pub fn get(&self, name: &str) -> Option<(&str, Source)> {
        self.0
            .get(name)
            .map(|(value, source)| (value.as_str(), *source))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|(value, _)| value)
    }

    pub(super) fn parse<T: FromStr>(
        &self,
        key: &'static str,
        what: &str,
    ) -> Result<T, ConfigError> {
        let text = self.text(key).unwrap_or_default();
        text.parse()
            .map_err(|_| value(key, format!("`{text}` is not {what}")))
    }

    pub(super) fn list<T: FromStr>(
        &self,
        key: &'static str,
        what: &str,
    ) -> Result<Vec<T>, ConfigError> {
        let words = self.text(key).unwrap_or_default().split(',').map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(|word| {
                word.parse()
                    .map_err(|_| value(key, format!("`{word}` is not {what}")))
            })
            .collect()
    }

    pub(super) fn duration(&self, key: &'static str) -> Result<Duration, ConfigError> {
        let text = self.text(key).unwrap_or_default();
        match humantime::parse_duration(text) {
            Ok(duration) if duration.as_secs() > 0 => Ok(duration),
            _ => Err(value(
                key,
                format!("`{text}` is not a time of a second or more, as in `30m` or `7d`"),
            )),
        }
    }

    pub(super) fn switch(&self, key: &'static str) -> Result<bool, ConfigError> {
        match self.text(key) {
            Some("on" | "true") => Ok(true),
            Some("off" | "false") => Ok(false),
            other => Err(refuse(key, other, "on or off")),
        }
    }

    /// A secret that is set as it is or in a file, without the file's last line end.
    pub(super) fn secret_text(
        &self,
        key: &'static str,
        file_key: &'static str,
    ) -> Result<Option<String>, ConfigError> {
        match (self.text(key), self.text(file_key)) {
            (Some(_), Some(_)) => Err(value(
                key,
                format!("it is set beside {file_key}: one of them, please"),
            )),
            (Some(secret), None) => Ok(Some(secret.to_owned())),
            (None, Some(path)) => text::read_file(Path::new(path))
                .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| value(file_key, format!("{path}: {error}"))),
            (None, None) => Ok(None),
        }
    }
}

pub(super) fn value(key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Value {
        key,
        reason: reason.into(),
    }
}

pub(super) fn refuse(key: &'static str, text: Option<&str>, wanted: &str) -> ConfigError {
    value(
        key,
        format!("`{}` is not {wanted}", text.unwrap_or_default()),
    )
}
