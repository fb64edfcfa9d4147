//! Where the pure part of handling runs.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::{runtime::Handle, sync::Semaphore};

/// Runs short, pure jobs beside the threads of input and output.
#[derive(Clone, Debug)]
pub(crate) enum Workers {
    /// On the caller's thread, one after the other: for a runtime of one thread, where order must
    /// not depend on the operating system.
    Inline,
    /// On threads of the runtime, so many at once.
    Pool {
        handle: Handle,
        free: Arc<Semaphore>,
    },
}

/// A job panicked, with these words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panicked(pub(crate) String);

impl Workers {
    pub(crate) fn pool(handle: Handle, threads: usize) -> Self {
        Self::Pool {
            handle,
            free: Arc::new(Semaphore::new(threads.max(1))),
        }
    }

    /// Runs one job. A caller that goes away before it starts takes it back; one that has started
    /// keeps its place until it ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let Self::Pool { handle, free } = self else {
            return guarded(job);
        };
        let place = Arc::clone(free).acquire_owned().await;
        let running = handle.spawn_blocking(move || {
            // Held by the job, not by its caller: who resets requests quickly gains no threads.
            let _place = place;
            guarded(job)
        });
        match running.await {
            Ok(result) => result,
            // Only a runtime that is shutting down drops a job.
            Err(_) => Err(Panicked("the runtime ended".to_owned())),
        }
    }
}

/// Runs a job, with its panic as a value.
pub(crate) fn guarded<T>(job: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What the job touched is not used after its panic.
    catch_unwind(AssertUnwindSafe(job)).map_err(|payload| Panicked(words(&*payload)))
}

/// What a panic says.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&'static str>().copied());
    text.unwrap_or("without words").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::Runtime;

    #[test]
    fn jobs_of_a_pool_run_at_the_same_time() {
        let rt = Runtime::new(1).unwrap();
        let workers = Workers::pool(rt.handle().clone(), 2);
        // Each waits for the other: one after the other they would never end.
        let barrier = Arc::new(Barrier::new(2));
        let job = || {
            let barrier = Arc::clone(&barrier);
            move || barrier.wait().is_leader()
        };
        let (a, b) = rt.block_on(async { tokio::join!(workers.run(job()), workers.run(job())) });
        assert!(a.unwrap() ^ b.unwrap());
    }

    #[test]
    fn a_panic_is_a_value_in_both() {
        let rt = Runtime::new(1).unwrap();
        for workers in [Workers::Inline, Workers::pool(rt.handle().clone(), 1)] {
            let result = rt.block_on(workers.run(|| -> u8 { panic!("number {}", 7) }));
            assert_eq!(result, Err(Panicked("number 7".to_owned())));
            assert_eq!(rt.block_on(workers.run(|| 3)), Ok(3));
        }
    }

    /// A caller that goes away does not free the place of its running job.
    #[test]
    fn a_place_is_held_by_the_job() {
        let rt = Runtime::new(1).unwrap();
        let workers = Workers::pool(rt.handle().clone(), 1);
        let Workers::Pool { free, .. } = &workers else {
            panic!("a pool");
        };
        let barrier = Arc::new(Barrier::new(2));
        let job = {
            let barrier = Arc::clone(&barrier);
            move || {
                barrier.wait();
                barrier.wait();
            }
        };
        let caller = rt.handle().spawn({
            let workers = workers.clone();
            async move { workers.run(job).await }
        });
        barrier.wait();
        caller.abort();
        let _gone = rt.block_on(caller);
        assert_eq!(free.available_permits(), 0);
        barrier.wait();
        rt.block_on(workers.run(|| ())).unwrap();
    }
}
