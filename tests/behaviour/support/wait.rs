//! What becomes true in a while.

use std::{
    fmt::Debug,
    thread,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until the answer fits, for ten seconds at most.
#[track_caller]
pub fn eventually<T: Debug>(ask: impl FnMut() -> T, fits: impl Fn(&T) -> bool) -> T {
    eventually_within(10, ask, fits)
}

/// Asks again and again until the answer fits, for some seconds at most.
#[track_caller]
pub fn eventually_within<T: Debug>(
    seconds: u64,
    mut ask: impl FnMut() -> T,
    fits: impl Fn(&T) -> bool,
) -> T {
    let start = Instant::now();
    loop {
        let answer = ask();
        if fits(&answer) {
            return answer;
        }
        assert!(
            start.elapsed() < Duration::from_secs(seconds),
            "after {:?} still {answer:?}",
            start.elapsed()
        );
        thread::sleep(PAUSE);
    }
}
