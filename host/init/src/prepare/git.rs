//! Workspace resources of kind `git`: cloned once, and at every later start looked at whether they are still of the
//! repository that the plan names.
//!
//! A clone is made beside its place and then moved there, so half of one is never taken for the whole. What is in the
//! folder already is never replaced. The program gets none of the container's values but those for proxies.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use spawnfile_core::init_plan::Resource;

use super::PrepareError;
use crate::environment;
use crate::file::{self, FileError};
use crate::values::Values;

/// How long one run of git may take.
const LONGEST: Duration = Duration::from_secs(600);
/// How often is looked whether it has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// What is kept of its words.
const WORDS: u64 = 16 << 10;
/// Variables that git needs to get out.
const PROXIES: [&str; 8] = ["http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];

pub(super) fn prepare(resource: &Resource, values: &Values) -> Result<(), PrepareError> {
    let backing = Path::new(&resource.backing);
    // The plan was checked: a git resource has an address.
    let url = resource.url.as_deref().unwrap_or_default();
    let git = Git::find(resource, values)?;
    if is_empty(backing)? { git.clone(url, backing) } else { git.verify(url, backing) }
}

/// Whether nothing is there, or a folder with nothing in it.
fn is_empty(folder: &Path) -> Result<bool, FileError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(FileError::system("list", folder)(error)),
    }
}

struct Git<'a> {
    resource: &'a Resource,
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl<'a> Git<'a> {
    fn find(resource: &'a Resource, values: &Values) -> Result<Self, PrepareError> {
        let inherited = values.inherited();
        let program = environment::program("git", inherited).ok_or_else(|| error(resource, "there is no program `git` in this image"))?;
        let named = |name: &&str| inherited.get(std::ffi::OsStr::new(name)).map(|value| (OsString::from(name), value.clone()));
        let mut environment: Vec<(OsString, OsString)> = PROXIES.iter().chain(&["PATH"]).filter_map(named).collect();
        // Nobody is there to answer, and no address may name a helper program.
        for (name, value) in
            [("GIT_TERMINAL_PROMPT", "0"), ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"), ("LC_ALL", "C"), ("HOME", "/nonexistent")]
        {
            environment.push((name.into(), value.into()));
        }
        Ok(Self { resource, program, environment })
    }

    fn clone(&self, url: &str, backing: &Path) -> Result<(), PrepareError> {
        let fresh = beside(backing);
        if let Some(folder) = backing.parent() {
            file::make_folder(folder)?;
        }
        remove(&fresh)?;
        let made = self.fetch(url, &fresh).and_then(|()| {
            // An empty folder in its place gives way to it.
            std::fs::rename(&fresh, backing).map_err(FileError::system("move", &fresh)).map_err(PrepareError::from)
        });
        if made.is_err() {
            remove(&fresh)?;
        }
        made
    }

    fn fetch(&self, url: &str, fresh: &Path) -> Result<(), PrepareError> {
        let into = fresh.as_os_str();
        match self.resource.selector.as_deref() {
            Some(selector) => {
                // A branch is what the clone stands on; a tag or commit is looked up once everything is there.
                if let Some(branch) = selector.strip_prefix("refs/heads/") {
                    return self.run(None, &["clone", "--quiet", "--branch", branch, "--", url], Some(into)).and_then(|_| {
                        let head = self.run(Some(fresh), &["symbolic-ref", "--quiet", "HEAD"], None);
                        match head {
                            Ok(head) if head == selector => Ok(()),
                            _ => Err(error(self.resource, format!("`{url}` has no branch `{branch}`"))),
                        }
                    });
                }
                self.run(None, &["clone", "--quiet", "--no-checkout", "--", url], Some(into))?;
                let commit = self.commit(fresh, selector)?;
                self.run(Some(fresh), &["checkout", "--quiet", "--detach", &commit], None).map(|_| ())
            }
            None => self.run(None, &["clone", "--quiet", "--", url], Some(into)).map(|_| ()),
        }
    }

    /// What an agent may write to is its own: only where it comes from must be right. What it may not is looked at whole.
    fn verify(&self, url: &str, backing: &Path) -> Result<(), PrepareError> {
        if !backing.join(".git").is_dir() {
            let what = format!("`{}` holds something that is no clone", backing.display());
            return Err(error(self.resource, what));
        }
        let found = self.run(Some(backing), &["config", "--local", "--get", "remote.origin.url"], None).unwrap_or_default();
        if found != url {
            let what = format!("`{}` is a clone of another repository than `{url}`", backing.display());
            return Err(error(self.resource, what));
        }
        let Some(selector) = self.resource.selector.as_deref().filter(|_| self.resource.mode == "readonly") else { return Ok(()) };
        let right = if selector.starts_with("refs/heads/") {
            self.run(Some(backing), &["symbolic-ref", "--quiet", "HEAD"], None).is_ok_and(|head| head == selector)
        } else {
            let head = self.run(Some(backing), &["rev-parse", "--verify", "HEAD"], None)?;
            self.commit(backing, selector)? == head
        };
        if right { Ok(()) } else { Err(error(self.resource, format!("`{}` does not stand on `{selector}`", backing.display()))) }
    }

    /// Returns the commit of a tag, of a commit as written, or of a branch that is only the repository's.
    fn commit(&self, folder: &Path, selector: &str) -> Result<String, PrepareError> {
        let find = |name: String| {
            let found = self.run(Some(folder), &["rev-parse", "--quiet", "--verify", "--end-of-options", &name], None).ok()?;
            // Older programs print the option itself.
            found.lines().last().map(str::to_owned)
        };
        find(format!("{selector}^{{commit}}"))
            .or_else(|| find(format!("refs/remotes/origin/{selector}^{{commit}}")))
            .ok_or_else(|| error(self.resource, format!("the repository has no `{selector}`")))
    }

    /// Runs git and returns what it printed, without white space around it.
    fn run(&self, folder: Option<&Path>, args: &[&str], last: Option<&std::ffi::OsStr>) -> Result<String, PrepareError> {
        let mut command = Command::new(&self.program);
        // Programs that a repository names are not run here.
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]);
        if let Some(folder) = folder {
            command.arg("-C").arg(folder);
        }
        command.args(args).args(last).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let verb = args.first().copied().unwrap_or_default();
        let mut child = command.spawn().map_err(|why| error(self.resource, format!("cannot start git: {why}")))?;
        let words = |pipe: Option<Box<dyn std::io::Read + Send>>| std::thread::spawn(move || pipe.map(text).unwrap_or_default());
        let out = words(child.stdout.take().map(|pipe| Box::new(pipe) as _));
        let err = words(child.stderr.take().map(|pipe| Box::new(pipe) as _));
        let status = wait(&mut child).map_err(|why| error(self.resource, format!("git {verb}: {why}")))?;
        let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
        if status.success() {
            return Ok(out.trim().to_owned());
        }
        let why = err.trim().lines().last().unwrap_or("it failed without a word").to_owned();
        Err(error(self.resource, format!("git {verb}: {why}")))
    }
}

fn wait(child: &mut Child) -> Result<std::process::ExitStatus, String> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if started.elapsed() < LONGEST => std::thread::sleep(PAUSE),
            Ok(None) => {
                if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    let _ignored = kill_process_group(group, Signal::KILL);
                }
                let _ignored = child.wait();
                return Err(format!("it took longer than {} s", LONGEST.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Reads to the end, and keeps the beginning.
fn text(mut pipe: Box<dyn std::io::Read + Send>) -> String {
    let mut bytes = Vec::new();
    let _ignored = pipe.by_ref().take(WORDS).read_to_end(&mut bytes);
    let _ignored = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn beside(backing: &Path) -> PathBuf {
    let mut name = backing.file_name().map(OsString::from).unwrap_or_default();
    name.push(".new");
    backing.with_file_name(name)
}

fn remove(folder: &Path) -> Result<(), FileError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::system("remove", folder)(error)),
        _ => Ok(()),
    }
}

fn error(resource: &Resource, what: impl Into<String>) -> PrepareError {
    PrepareError::Resource { id: resource.id.clone(), what: what.into() }
}
