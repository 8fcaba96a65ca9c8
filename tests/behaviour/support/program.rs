//! Programs that are not ours.

use std::process::{Child, Command};

/// A program that runs. It ends with this value.
pub struct Program(Child);

impl Program {
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("a running program"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Asked to end, it ends its own processes, which outlive it where it is killed.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
