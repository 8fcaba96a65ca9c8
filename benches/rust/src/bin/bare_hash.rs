//! The bare hash: bcrypt on a number of threads, and nothing around it. Prints how many
//! hashes a second they verified.
//!
//!     bare_hash THREADS COST SECONDS

use std::{
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<u32> = std::env::args()
        .skip(1)
        .map(|argument| argument.parse())
        .collect::<Result<_, _>>()?;
    let [threads, cost, seconds] = arguments[..] else {
        return Err("bare_hash THREADS COST SECONDS".into());
    };
    let hash = bcrypt::hash("correct horse battery", cost)?;
    let span = Duration::from_secs(seconds.into());
    let started = Instant::now();
    let verified: u32 = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut verified = 0;
                    while started.elapsed() < span {
                        assert!(bcrypt::verify("correct horse battery", &hash).unwrap_or(false));
                        verified += 1;
                    }
                    verified
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or(0))
            .sum()
    });
    println!(
        "{:.3}",
        f64::from(verified) / started.elapsed().as_secs_f64()
    );
    Ok(())
}
