use super::flags::Flags;

/// Numbers of instances and threads, which share the processors among requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threads {
    /// Instances of each model, which are compiled one by one.
    pub workers: usize,
    /// Threads of one run.
    pub threads: usize,
}

impl Threads {
    /// Reads the flags, for so many processors: more threads than these would wait for each other in the middle of a run.
    pub(super) fn of(flags: &Flags, processors: usize) -> Self {
        let threads = flags.threads_per_request.min(processors);
        let most = processors / threads;
        let wanted = flags.workers.unwrap_or(most);
        Self { workers: if threads > 1 { wanted.min(most) } else { wanted }, threads }
    }

    /// Says in the log where the flags ask for more.
    pub(super) fn warn(self, flags: &Flags) {
        let (wanted, workers) = (flags.threads_per_request, flags.workers.unwrap_or(self.workers));
        if (wanted, workers) != (self.threads, self.workers) {
            tracing::warn!(
                threads_per_request = self.threads,
                workers = self.workers,
                "the processors allow fewer threads or workers than the flags say"
            );
        }
    }
}

/// The processors that this process may use, which a container's limit can make fewer.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn workers_times_threads_are_never_more_than_the_processors_where_runs_have_several_threads() {
        for (arguments, processors, workers, threads) in [
            ("", 4, 4, 1),
            ("--workers=9", 4, 9, 1),
            ("--threads_per_request=2", 4, 2, 2),
            ("--threads_per_request=3", 4, 1, 3),
            ("--threads_per_request=2 --workers=1", 4, 1, 2),
            ("--threads_per_request=2 --workers=3", 4, 2, 2),
            ("--threads_per_request=9 --workers=3", 4, 1, 4),
            ("--threads_per_request=2 --workers=3", 1, 3, 1),
        ] {
            let model = ["model_server", "--model_base_path=/m", "--model_version=1"];
            let flags = Flags::parse_from(model.into_iter().chain(arguments.split_whitespace()));
            assert_eq!(Threads::of(&flags, processors), Threads { workers, threads }, "{arguments}");
        }
    }
}
