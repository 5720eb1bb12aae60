//! What some work cost a program: time on the clock and of the CPUs.

use std::time::Instant;

use anyhow::Result;

use super::server::Server;

#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// How often the work was done.
    pub(crate) count: usize,
    pub(crate) seconds: f64,
    /// Of all threads of the program, in user and kernel mode, in steps of 10 ms.
    pub(crate) cpu_seconds: f64,
}

impl Cost {
    /// What `work` costs, which does something `count` times.
    pub(crate) fn of<T>(
        server: &Server,
        count: usize,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Self)> {
        let cpu = server.cpu_seconds()?;
        let start = Instant::now();
        let result = work()?;
        let cost = Self {
            count,
            seconds: start.elapsed().as_secs_f64(),
            cpu_seconds: server.cpu_seconds()? - cpu,
        };
        Ok((result, cost))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            seconds: self.seconds + other.seconds,
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
        }
    }

    pub(crate) fn per_second(self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// CPU time of each in microseconds, which is that of a million in seconds.
    pub(crate) fn cpu_each_us(self) -> f64 {
        self.cpu_seconds * 1e6 / self.count as f64
    }
}
