//! A file of users, of the kind that its first byte says: each row is read or refused with a
//! reason.
#![no_main]

use std::{fs, path::PathBuf, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use scopegate::elsewhere::Source;
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
};

const KINDS: [fn(PathBuf) -> Source; 7] = [
    Source::Passlib,
    Source::Csv,
    Source::JsonLines,
    Source::Auth0,
    Source::Firebase,
    Source::Keycloak,
    Source::Supabase,
];

fn ground() -> &'static (TempDir, Runtime) {
    static GROUND: OnceLock<(TempDir, Runtime)> = OnceLock::new();
    GROUND.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build();
        (
            tempfile::tempdir().expect("a directory"),
            runtime.expect("a runtime"),
        )
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else {
        return;
    };
    let (directory, runtime) = ground();
    let path = directory.path().join("users");
    fs::write(&path, content).expect("a file");
    let source = KINDS[usize::from(*kind) % KINDS.len()](path);
    runtime.block_on(async {
        let (rows, mut read) = mpsc::channel(16);
        let reading = source.read(rows);
        let showing = async {
            while let Some(entry) = read.recv().await {
                assert!(!format!("{entry:?}").is_empty());
            }
        };
        if let (Err(error), ()) = tokio::join!(reading, showing) {
            assert!(!error.to_string().is_empty());
        }
    });
});
