//! The clock of an engine's epochs: a thread that ticks while a call runs and sleeps otherwise.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::config::EPOCH_MS;

/// The clock. Its thread starts with the first call and ends with the clock.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    engine: EngineWeak,
}

struct Shared {
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Default)]
struct Now {
    calls: usize,
    started: bool,
    over: bool,
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the clock ticking until it is dropped.
pub(crate) struct Ticking(Arc<Shared>);

impl Ticker {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self { shared: Arc::new(Shared { now: Mutex::default(), changed: Condvar::new() }), engine: engine.weak() }
    }

    /// Starts ticking.
    ///
    /// # Errors
    /// When no thread can be started; without one no guest may run.
    pub(crate) fn tick(&self) -> std::io::Result<Ticking> {
        let mut now = self.shared.now();
        if !now.started {
            let (shared, engine) = (Arc::clone(&self.shared), self.engine.clone());
            std::thread::Builder::new().name("plugin-epochs".to_owned()).spawn(move || run(&shared, &engine))?;
            now.started = true;
        }
        now.calls += 1;
        drop(now);
        self.shared.changed.notify_one();
        Ok(Ticking(Arc::clone(&self.shared)))
    }
}

fn run(shared: &Shared, engine: &EngineWeak) {
    loop {
        {
            let mut now = shared.now();
            while now.calls == 0 && !now.over {
                now = shared.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
            }
            if now.over {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(EPOCH_MS));
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.now().calls -= 1;
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.now().over = true;
        self.shared.changed.notify_one();
    }
}
