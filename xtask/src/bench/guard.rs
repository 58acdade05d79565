//! Nothing is left behind: a child process that ends when this process does, however that comes about.

use anyhow::{Context, Result};
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to end when asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// A child process; it ends when this is dropped, and a small shell ends it should this process die first.
pub struct Guarded {
    child: Child,
    watch: Option<Child>,
}

impl Guarded {
    /// Start it.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        let mut guarded = Self { child, watch: None };
        // `read` fails when the other end of the pipe is gone, which is how the death of this process shows.
        let mut watch = Command::new("sh");
        watch.args(["-c", &format!("read end || kill -TERM {}", guarded.id())]).stdin(Stdio::piped());
        guarded.watch = Some(watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot start sh")?);
        Ok(guarded)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ask it to end, so that it can end its own children, and make it end if it does not.
    fn end(&mut self) -> io::Result<()> {
        if !self.ended() {
            Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
            let begin = Instant::now();
            while !self.ended() && begin.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.end();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut watch) = self.watch.take() {
            // A line means that there is nothing left to end.
            let _ = watch.stdin.take().map(|mut line| io::Write::write_all(&mut line, b"ended\n"));
            let _ = watch.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_child_ends_with_its_guard() {
        let mut guarded = Guarded::spawn(Command::new("sleep").arg("600")).unwrap();
        let path = PathBuf::from(format!("/proc/{}", guarded.id()));
        assert!(!guarded.ended());
        drop(guarded);
        assert!(!path.exists());
    }

    #[test]
    fn a_child_ends_when_its_parent_has_died() {
        let mut guarded = Guarded::spawn(Command::new("sleep").arg("600")).unwrap();
        // What the death of this process would do.
        drop(guarded.watch.as_mut().unwrap().stdin.take());
        let begin = Instant::now();
        while !guarded.ended() {
            assert!(begin.elapsed() < PATIENCE, "it is still there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Guarded::spawn(&mut Command::new("/no/such/program")).err().unwrap();
        assert!(error.to_string().contains("/no/such/program"));
    }
}
