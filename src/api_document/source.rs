//! Where a document is read from: a file, standard input, or an address.

use std::{
    fs::File,
    io::{self, Read},
    time::Duration,
};

use reqwest::{Client, StatusCode, Url, header::ACCEPT};
use thiserror::Error;

use crate::text;

use super::{ApiDocument, DocumentError};

/// The most bytes of a document: the largest in public are a third of it.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The longest time that a fetch may take.
const TIME: Duration = Duration::from_secs(30);

/// Why a document cannot be had.
#[derive(Debug, Error)]
pub enum SourceError {
    #[error("{name}: {error}")]
    File { name: String, error: io::Error },
    #[error("{url}: cannot be reached: {reason}")]
    Unreachable { url: Url, reason: String },
    #[error("{url}: the server answered {status}")]
    Status { url: Url, status: u16 },
    #[error("{0}: larger than 32 MiB")]
    TooLarge(String),
    #[error("{name}: {error}")]
    Document { name: String, error: DocumentError },
}

/// Reads the document at an address (`http://…`, `https://…`), in a file, or on standard
/// input (`-`).
pub async fn load(source: &str) -> Result<ApiDocument, SourceError> {
    let url = Url::parse(source).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let bytes = match &url {
        Some(url) => fetch(url).await?,
        None => read(source)?,
    };
    let text = text::read(bytes.as_slice()).map_err(|error| SourceError::File {
        name: source.to_owned(),
        error,
    })?;
    ApiDocument::parse(&text, url.as_ref()).map_err(|error| SourceError::Document {
        name: source.to_owned(),
        error,
    })
}

fn read(source: &str) -> Result<Vec<u8>, SourceError> {
    let failed = |error| SourceError::File {
        name: source.to_owned(),
        error,
    };
    let file: Box<dyn Read> = match source {
        "-" => Box::new(io::stdin()),
        path => Box::new(File::open(path).map_err(failed)?),
    };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(SourceError::TooLarge(source.to_owned()));
    }
    Ok(bytes)
}

async fn fetch(url: &Url) -> Result<Vec<u8>, SourceError> {
    let failed = |error: reqwest::Error| SourceError::Unreachable {
        url: url.clone(),
        reason: innermost(&error),
    };
    let client = Client::builder()
        .timeout(TIME)
        .user_agent(concat!("scopegate/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(failed)?;
    let request = client.get(url.clone());
    let request = request.header(ACCEPT, "application/json, application/yaml, */*;q=0.5");
    let mut response = request.send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(SourceError::Status {
            url: url.clone(),
            status: response.status().as_u16(),
        });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(SourceError::TooLarge(url.to_string()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What went wrong below the client, as "connection refused".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
