//! A switch that is thrown once and wakes the one task that watches it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

/// One watcher, any number of throwers. Cheaper per wake than a cancellation token: no lock, no list.
#[derive(Debug, Default)]
pub(crate) struct CancelSwitch {
    thrown: AtomicBool,
    watcher: AtomicWaker,
}

impl CancelSwitch {
    /// Throws the switch. Further calls do nothing.
    pub(crate) fn throw(&self) {
        if !self.thrown.swap(true, Ordering::AcqRel) {
            self.watcher.wake();
        }
    }

    /// Wakes the watcher without throwing the switch.
    pub(crate) fn wake(&self) {
        self.watcher.wake();
    }

    /// Ready once thrown.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.watcher.register(cx.waker());
        // It may have been thrown between the look and the registration.
        if self.thrown.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
