//! Where output goes. Besides `main`, the only place that prints.

use std::io::{self, Write};
use std::process::ExitCode;

use super::verdict::FAILURE;

/// Why a run could not be done; what is shown after `error: `, without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure(pub String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Prints `text` to standard output. A reader that has gone away (`| head`) has what it wanted and is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a note for people to standard error.
pub fn note(text: &str) {
    // Where not even standard error can be written there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Ends a run: its exit code, or the failure said on standard error and exit code 2.
pub fn finish(result: Result<u8, Failure>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(Failure(message)) => {
            note(&format!("error: {message}"));
            ExitCode::from(FAILURE)
        }
    }
}
