//! Work shared by threads that live as long as one call: no pool stays behind, so that nothing breaks in a process that
//! is forked.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A piece of work. It may put further pieces into the queue; `W` is the memory of the thread that does it.
pub(crate) type Task<'work, W> = Box<dyn FnOnce(&Queue<'work, W>, &mut W) + Send + 'work>;

/// What is to be done, by whoever has time.
pub(crate) struct Queue<'work, W> {
    state: Mutex<State<'work, W>>,
    changed: Condvar,
}

struct State<'work, W> {
    waiting: VecDeque<Task<'work, W>>,
    running: usize,
    failed: bool,
}

impl<'work, W> Queue<'work, W> {
    fn new() -> Self {
        let state = State { waiting: VecDeque::new(), running: 0, failed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<'work, W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Put work at the end.
    pub(crate) fn push(&self, task: impl FnOnce(&Self, &mut W) + Send + 'work) {
        self.lock().waiting.push_back(Box::new(task));
        self.changed.notify_one();
    }

    /// Put work that others wait for in front.
    pub(crate) fn push_urgent(&self, task: impl FnOnce(&Self, &mut W) + Send + 'work) {
        self.lock().waiting.push_front(Box::new(task));
        self.changed.notify_one();
    }

    fn next(&self) -> Option<Task<'work, W>> {
        let mut state = self.lock();
        loop {
            if state.failed {
                return None;
            }
            if let Some(task) = state.waiting.pop_front() {
                state.running += 1;
                return Some(task);
            }
            if state.running == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, failed: bool) {
        let mut state = self.lock();
        state.running -= 1;
        state.failed |= failed;
        if state.failed {
            state.waiting.clear();
        }
        if state.failed || (state.running == 0 && state.waiting.is_empty()) {
            self.changed.notify_all();
        }
    }

    fn work(&self, memory: &mut W) {
        while let Some(task) = self.next() {
            let outcome = catch_unwind(AssertUnwindSafe(|| task(self, memory)));
            self.finish(outcome.is_err());
            if let Err(panic) = outcome {
                resume_unwind(panic);
            }
        }
    }
}

/// Do what `start` puts into the queue, and what that puts there, on so many threads. A panic comes out here.
pub(crate) fn run<'work, W>(threads: usize, memory: impl Fn() -> W + Sync, start: impl FnOnce(&Queue<'work, W>)) {
    let queue = Queue::new();
    start(&queue);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| queue.work(&mut memory()));
        }
        queue.work(&mut memory());
    });
}
