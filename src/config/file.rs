//! The configuration file.

use std::{fs, io, path::Path};

use toml::Value;

use super::{ConfigError, Layer, SETTINGS};

/// Read where it exists and no other file was named.
pub const DEFAULT_FILE: &str = "scopegate.toml";

/// Reads a file of settings; without a name, [`DEFAULT_FILE`] where it exists.
pub fn read_file(path: Option<&Path>) -> Result<Layer, ConfigError> {
    let named = path.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let refuse = |reason: String| ConfigError::File {
        path: named.to_owned(),
        reason,
    };
    let text = match fs::read_to_string(named) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_none() => {
            return Ok(Layer::new());
        }
        Err(error) => return Err(refuse(error.to_string())),
    };
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| refuse(error.message().to_owned()))?;
    let mut layer = Layer::new();
    for (key, value) in table {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
            return Err(ConfigError::UnknownKey {
                path: named.to_owned(),
                nearest: super::nearest(&key, SETTINGS.iter().map(|setting| setting.name)),
                key,
            });
        };
        let text = text_of(&value).ok_or_else(|| ConfigError::Value {
            key: setting.name,
            reason: "it is a text, a number, a truth value, a list of texts or a table of them"
                .to_owned(),
        })?;
        layer.insert(setting.name, text);
    }
    Ok(layer)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Array(list) => {
            let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
            words.map(|words| words.join(","))
        }
        Value::Table(table) => {
            let entries: Option<Vec<Vec<String>>> = table.iter().map(entries_of).collect();
            entries.map(|entries| entries.concat().join(","))
        }
        _ => None,
    }
}

/// `editors = ["items", "edit"]` as `editors=items` and `editors=edit`.
fn entries_of((key, value): (&String, &Value)) -> Option<Vec<String>> {
    let words = match value {
        Value::String(word) => vec![word.as_str()],
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(words.iter().map(|word| format!("{key}={word}")).collect())
}
