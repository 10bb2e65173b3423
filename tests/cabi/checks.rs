//! What the tests of the command-line tool check in the same way.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::said;

/// A folder that a test may write to.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// The command fails with this exit code and one line on stderr that has every one of these words.
pub fn refuses(command: &mut Command, code: i32, words: &[&str]) {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {}", said(&output));
    assert!(output.stdout.is_empty(), "{command:?}: {}", said(&output));
    assert!(
        text.starts_with("diffusion: ") && text.ends_with('\n') && text.lines().count() == 1,
        "not one line: {text}"
    );
    for word in words {
        assert!(text.contains(word), "{command:?}: no \"{word}\" in: {text}");
    }
}

/// The command succeeds.
pub fn succeeds(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

/// The command succeeds and prints one JSON value.
pub fn json(command: &mut Command) -> Value {
    serde_json::from_slice(&succeeds(command).stdout).unwrap()
}

/// The names of the files in a folder, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Lets the command hear Ctrl-C even where these tests run in the background, which has it ignored, and the tool
/// leaves it so.
#[expect(unsafe_code, reason = "only the child itself can restore what a signal does")]
pub fn hears_ctrl_c(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only async-signal-safe functions may be called, and signal() is one.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            Ok(())
        })
    }
}

/// Sends a signal as Ctrl-C does.
pub fn interrupt(process: u32) {
    assert!(Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap().success());
}
