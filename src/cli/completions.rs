//! `scopegate completions`.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::{Outcome, output::line};

/// Print a shell's completions
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scopegate completions bash > /usr/share/bash-completion/completions/scopegate\n  \
                  scopegate completions zsh > ~/.zfunc/_scopegate\n  \
                  scopegate completions fish > ~/.config/fish/completions/scopegate.fish"
)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, mut command: Command) -> Outcome {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "scopegate", &mut script);
        line!("{}", String::from_utf8(script)?.trim_end());
        Ok(())
    }
}
