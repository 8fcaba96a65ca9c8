//! The time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What tells the time: the machine's clock, or one that a test moves.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's. One that is set before 1970 reads as 1970.
    #[default]
    System,
    /// A clock that is moved by hand.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock set to the machine's time that runs only when it is moved.
    pub fn manual() -> Self {
        Self::Manual(Arc::new(AtomicI64::new(Self::System.now())))
    }

    /// Seconds since 1970, UTC.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                let seconds = since.map_or(0, |since| since.as_secs());
                i64::try_from(seconds).unwrap_or(i64::MAX)
            }
            Self::Manual(seconds) => seconds.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock on by some seconds; the machine's stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Self::Manual(now) = self {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}

/// By how many seconds the time may differ from what has passed since it was last asked
/// for, before that is a jump.
const TOLERANCE: u64 = 10;

/// For how long after a jump the time is not trusted with what cannot be undone.
const SETTLING: Duration = Duration::from_hours(1);

/// Compares the time with what has passed: the one can be set, the other cannot.
#[derive(Debug)]
pub struct Watch {
    time: i64,
    asked_at: Instant,
    jumped_at: Option<Instant>,
}

impl Watch {
    /// Begins at a time.
    pub fn start(time: i64, at: Instant) -> Self {
        Self {
            time,
            asked_at: at,
            jumped_at: None,
        }
    }

    /// By how many seconds the time has jumped since it was last looked at.
    pub fn look(&mut self, time: i64, at: Instant) -> Option<i64> {
        let passed = at.duration_since(self.asked_at).as_secs();
        let jump = time - self.time.saturating_add_unsigned(passed);
        (self.time, self.asked_at) = (time, at);
        let jump = Some(jump).filter(|jump| jump.unsigned_abs() > TOLERANCE);
        if jump.is_some() {
            self.jumped_at = Some(at);
        }
        jump
    }

    /// Whether the last jump was long ago.
    pub fn is_settled(&self, at: Instant) -> bool {
        let since = self.jumped_at.map(|jump| at.duration_since(jump));
        since.is_none_or(|since| since > SETTLING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_has_jumped_and_is_not_trusted_for_a_while() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watch = Watch::start(1_000, start);
        assert_eq!(watch.look(1_060, at(60)), None);
        assert_eq!(watch.look(1_129, at(120)), None, "nearly right");
        assert!(watch.is_settled(at(120)));
        assert_eq!(watch.look(9_000, at(180)), Some(7_811));
        assert_eq!(watch.look(1_300, at(240)), Some(-7_760));
        assert!(!watch.is_settled(at(240)));
        assert_eq!(watch.look(1_301, at(241)), None);
        assert!(!watch.is_settled(at(3_000)));
        assert!(watch.is_settled(at(4_000)));
    }
}
